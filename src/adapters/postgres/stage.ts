/**
 * A plan's changes as temporary tables on the server, typed like the columns they are meant for, so that one statement can write thousands of records and the
 * column's own input rules (not those of casts, which cut text and round numbers) judge every value. Dropped with the transaction.
 */
import { splitArray, splitObject, type RecordText, type ValueText } from '../../model/canonical.ts'
import type { ApplyOutcome, Change, CollectionChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Database } from './connect.ts'
import { copyLines } from './copy.ts'
import { isRefusedValue } from './failure.ts'
import { identifier } from './name.ts'
import { Rollback, withSearchPath, type Connection } from './session.ts'
import { codedFields } from './snapshot.ts'
import { liveTable, target, type LiveTable } from './table.ts'
import { copyLine, serverText, type CodedField } from './values.ts'

/** `i`nsert, `u`pdate, `d`elete; `m`: insert a record that left another key; `r`: reassign the key to another record; `k`eep: it must only still be so. */
export type Operation = 'i' | 'u' | 'd' | 'm' | 'r' | 'k'

export interface StagedChange extends Change {
  readonly operation: Operation
}

/** One collection of a plan, staged: the change at position n has number n in both tables. */
export interface Staged {
  readonly table: LiveTable
  readonly selection: Selection
  /** Every field of a record, derived ones too, sorted by name. */
  readonly fields: readonly CodedField[]
  /** The fields that are written. */
  readonly written: readonly CodedField[]
  readonly changes: readonly StagedChange[]
  /** Fields that at least one update changes. */
  readonly updated: ReadonlySet<string>
  /** Temporary table of all changes: `n`, `op`, key fields. */
  readonly keys: string
  /** Temporary table of the records to write: `n`, `op`, written fields. */
  readonly rows: string
  readonly keyOperators: ReadonlyMap<string, string>
  /** The name of the constraint or index behind the primary key. */
  readonly keyConstraint: string | undefined
}

/** The column of the temporary tables that holds a field: names of users' columns never meet ours. */
export function column(staged: Staged, field: string): string {
  return `f${staged.fields.findIndex(({ name }) => name === field)}`
}

/** The condition that a row (alias `row`) of the live table has the key of a row (alias `staged`) of a temporary table. */
export function sameKey(staged: Staged, row: string, other: string): string {
  const conditions = staged.selection.schema.key.map((field) => {
    const live = `${row}.${identifier(field)}`
    const ours = `${other}.${column(staged, field)}`
    const equal = `${live} ${staged.keyOperators.get(field) ?? 'OPERATOR(pg_catalog.=)'} ${ours}`
    return staged.table.columns.get(field)?.required === true
      ? equal
      : `(${equal} OR ${live} IS NULL AND ${ours} IS NULL)`
  })
  return conditions.join(' AND ')
}

/**
 * Creates and fills the temporary tables of one collection.
 * @throws UsageError when the live table lacks a field, or a record has one that was not selected
 * @throws Rollback with outcome `violation` when a value does not fit its column's type
 */
export async function stage(
  client: Connection,
  database: Database,
  { position, collection }: { readonly position: number; readonly collection: CollectionChanges },
): Promise<Staged> {
  const { selection } = collection
  const table = await liveTable(client, database, selection.schema)
  const fields = codedFields(table, selection)
  const updated = new Set<string>()
  const staged: Staged = {
    table,
    selection,
    fields,
    written: fields.filter(({ name }) => !selection.derived.includes(name)),
    changes: collection.changes.filter(isChange).map((change) => ({ ...change, operation: operationOf(change) })),
    updated,
    keys: `pg_temp.tandem_keys_${position}`,
    rows: `pg_temp.tandem_rows_${position}`,
    ...(await readKeyIndex(client, table)),
  }
  await createTables(client, staged)
  // domains may call functions of the user's that look up names on the user's path
  await withSearchPath(client, database.searchPath, async () => await fill(client, { database, staged, updated }))
  return staged
}

function isChange({ before, after }: Change): boolean {
  return before !== undefined || after !== undefined
}

function operationOf({ before, after, reassigned, from }: Change): Operation {
  if (before === undefined) return from === undefined ? 'i' : 'm'
  if (after === undefined) return 'd'
  if (reassigned === true) return 'r'
  return before === after ? 'k' : 'u'
}

/** The equality operators of the primary key's index, by field, so that the index is used and extension types compare as they should. */
async function readKeyIndex(
  client: Connection,
  table: LiveTable,
): Promise<Pick<Staged, 'keyOperators' | 'keyConstraint'>> {
  const { rows } = await client.query<Record<'index' | 'field' | 'operator' | 'schema', string>>(
    `SELECT c.relname AS index, a.attname AS field, o.oprname AS operator, n.nspname AS schema
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) k(attnum, class)
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
       JOIN pg_opclass oc ON oc.oid = k.class
       JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
         AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
       JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE i.indrelid = $1 AND i.indisprimary AND NOT i.indisexclusion`,
    [table.oid],
  )
  const operators = rows.map(
    ({ field, schema, operator }) => [field, `OPERATOR(${identifier(schema)}.${operator})`] as const,
  )
  return { keyOperators: new Map(operators), keyConstraint: rows[0]?.index }
}

/** CREATE TABLE AS takes types with their modifiers, collations and domains from the columns themselves. */
async function createTables(client: Connection, staged: Staged): Promise<void> {
  const columns = (names: readonly string[]): string =>
    names.map((name) => `, t.${identifier(name)} AS ${column(staged, name)}`).join('')
  const create = (name: string, names: readonly string[]): string =>
    `CREATE TEMPORARY TABLE ${name.replace('pg_temp.', '')} ON COMMIT DROP AS
     SELECT 0::int4 AS n, ''::"char" AS op${columns(names)} FROM ${target(staged.table)} t WITH NO DATA`
  await client.query(create(staged.keys, staged.selection.schema.key))
  await client.query(
    create(
      staged.rows,
      staged.written.map(({ name }) => name),
    ),
  )
}

/** `updated` is filled on the way, so that each record is taken apart once. */
interface Filling {
  readonly database: Database
  readonly staged: Staged
  readonly updated: Set<string>
}

async function fill(client: Connection, filling: Filling): Promise<void> {
  const { staged } = filling
  const keyFields = staged.selection.schema.key.map((name) => staged.fields.find((field) => field.name === name))
  const written = staged.changes.flatMap((change, n) => (change.after === undefined ? [] : [{ n, change }]))
  await judged(staged, written, async () => {
    await copyLines(client, staged.rows, rowLines(filling, written))
  })
  const all = staged.changes.map((change, n) => ({ n, change }))
  await judged(staged, all, async () => {
    await copyLines(client, staged.keys, keyLines(keyFields, all))
  })
  await client.query(`CREATE UNIQUE INDEX ON ${staged.rows} (n); ANALYZE ${staged.keys}; ANALYZE ${staged.rows}`)
}

interface Numbered {
  readonly n: number
  readonly change: StagedChange
}

function* rowLines(filling: Filling, changes: readonly Numbered[]): Iterable<string> {
  const { written, fields } = filling.staged
  const known = new Set(fields.map(({ name }) => name))
  for (const { n, change } of changes) {
    const values = splitObject(change.after as RecordText)
    for (const name of values.keys()) if (!known.has(name)) throw unknownField(filling, change, name)
    noteUpdated(filling.updated, change, values)
    const texts = written.map(({ name, coding }) => serverText(values.get(name), coding))
    yield copyLine([String(n), change.operation, ...texts])
  }
}

function noteUpdated(updated: Set<string>, { before, after }: StagedChange, now: ReadonlyMap<string, ValueText>): void {
  if (before === undefined || before === after) return
  const old = splitObject(before)
  for (const [name, value] of now) if (old.get(name) !== value) updated.add(name)
  for (const name of old.keys()) if (!now.has(name)) updated.add(name)
}

function unknownField({ database, staged }: Filling, { key }: StagedChange, name: string): UsageError {
  const collection = staged.selection.schema.name
  return new UsageError(
    `${database.source}: record ${key} of ${collection} has a field ${name} that the table does not have`,
    { hint: 'run your migrations, or correct the export' },
  )
}

function* keyLines(fields: readonly (CodedField | undefined)[], changes: readonly Numbered[]): Iterable<string> {
  for (const { n, change } of changes) {
    const values = splitArray(change.key)
    yield copyLine([String(n), change.operation, ...fields.map((field, i) => keyValue(values[i], field))])
  }
}

/** A key field that is missing stands as `null` in the key. */
function keyValue(value: ValueText | undefined, field: CodedField | undefined): string | undefined {
  return value === 'null' ? undefined : serverText(value, field?.coding ?? 'text')
}

/** Turns the server's complaint about a value, which names the line, into the outcome. */
async function judged(staged: Staged, changes: readonly Numbered[], copy: () => Promise<void>): Promise<void> {
  try {
    await copy()
  } catch (error) {
    if (!isRefusedValue(error)) throw error
    // "COPY tandem_rows_0, line 3, column f2: …" in whatever language
    const [, line, field] = /tandem_(?:rows|keys)_\d+\D+(\d+)(?:\D*\bf(\d+)\b)?/.exec(error.where ?? '') ?? []
    const name = field === undefined ? undefined : staged.fields[Number(field)]?.name
    const type = staged.selection.schema.fields.find((one) => one.name === name)?.type
    throw new Rollback<ApplyOutcome>({
      status: 'violation',
      collection: staged.selection.schema.name,
      key: changes[Number(line) - 1]?.change.key,
      constraint: error.constraint ?? (name === undefined ? 'type' : `type of ${name}`),
      message: `${name === undefined ? '' : `${name} (${type ?? 'unknown type'}): `}${error.message}`,
    })
  }
}
