/**
 * Puts a plan's changes into temporary tables on the server, so that one statement can write thousands of records. The columns of these tables have the types of the
 * columns that will be written, so the server reads each value by the input rules of its type; a cast would cut texts and round numbers. The tables are dropped when
 * the transaction ends.
 */
import { type RecordText, type ValueText, splitArray, splitObject } from '../../model/canonical.ts'
import type { Change, CollectionChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import { violation } from '../refused-plan.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { copyLines } from './copy.ts'
import { isRefusedValue } from './failure.ts'
import { refuseUnencodable } from './encoding.ts'
import { type PgClient, withSearchPath } from './session.ts'
import { type Operation, type Staged, type StagedChange, stagedColumn } from './staged.ts'
import { codedFields } from './snapshot.ts'
import { type LiveTable, liveTable, target } from './table.ts'
import { type CodedField, copyLine, serverText } from './values.ts'

/**
 * Creates and fills the temporary tables of one collection.
 * @throws UsageError when the live table lacks a field, or a record has one that was not selected
 * @throws RefusedPlan with outcome `violation` when a value does not fit its column's type
 */
export async function stage(
  client: PgClient,
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
    placeholders: [...(selection.placeholders ?? [])].map(([field, value]) => [field, String(value)]),
    changes: collection.changes.filter(isStaged).map((change) => ({ ...change, operation: operationOf(change) })),
    updated,
    keys: `pg_temp.tandem_keys_${position}`,
    rows: `pg_temp.tandem_rows_${position}`,
    ...(await readKeyIndex(client, table)),
    inArrays: await arrayFields(client, table, selection),
  }
  await createTables(client, staged)
  await refuseUnencodable(client, staged.selection.schema.name, staged.changes)
  // a domain may call functions of the user's, which find names through the user's search path
  await withSearchPath(client, database.searchPath, async () => await fillTables(client, { database, staged, updated }))
  return staged
}

function isStaged({ before, after }: Change): boolean {
  return before !== undefined || after !== undefined
}

function operationOf({ before, after, reassigned, from }: Change): Operation {
  if (before === undefined) return from === undefined ? 'i' : 'm'
  if (after === undefined) return 'd'
  if (reassigned === true) return 'r'
  return before === after ? 'k' : 'u'
}

/** The name and the equality operators of the primary key's index. With these operators the index is used, and types of extensions are compared by their own rules. */
async function readKeyIndex(
  client: PgClient,
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
    ({ field, schema, operator }) => [field, `OPERATOR(${quotedName(schema)}.${operator})`] as const,
  )
  return { keyOperators: new Map(operators), keyConstraint: rows[0]?.index }
}

/** See `Staged.inArrays`. Types of extensions are left out: their arrays are compared by an equality of their own. */
async function arrayFields(client: PgClient, table: LiveTable, { schema }: Selection): Promise<ReadonlySet<string>> {
  const nullable = schema.key.filter((field) => table.columns.get(field)?.required !== true)
  if (nullable.length === 0) return new Set()
  const { rows } = await client.query<{ field: string }>(
    `SELECT a.attname AS field FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = $1 AND a.attname = ANY($2) AND t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b'
       AND t.typarray <> 0`,
    [table.oid, nullable],
  )
  return new Set(rows.map(({ field }) => field))
}

/** CREATE TABLE AS gives the temporary columns the very types of the live ones, with modifiers, collations and domains. */
async function createTables(client: PgClient, staged: Staged): Promise<void> {
  const columns = (names: readonly string[]): string =>
    names.map((name) => `, t.${quotedName(name)} AS ${stagedColumn(staged, name)}`).join('')
  const create = (name: string, all: string): string =>
    `CREATE TEMPORARY TABLE ${name.replace('pg_temp.', '')} ON COMMIT DROP AS
     SELECT 0::int4 AS n, ''::"char" AS op${all} FROM ${target(staged.table)} t WITH NO DATA`
  const written = columns(staged.written.map(({ name }) => name))
  const filled = staged.placeholders.map(([name], i) => `, t.${quotedName(name)} AS p${i}`).join('')
  await client.query(create(staged.keys, columns(staged.selection.schema.key)))
  await client.query(create(staged.rows, written + filled))
}

/** What filling the tables needs. The names of changed fields are added to `updated` meanwhile, so that each record is split only once. */
interface Filling {
  readonly database: Database
  readonly staged: Staged
  readonly updated: Set<string>
}

async function fillTables(client: PgClient, filling: Filling): Promise<void> {
  const { staged } = filling
  const keyFields = staged.selection.schema.key.map((name) => staged.fields.find((field) => field.name === name))
  const written = staged.changes.flatMap((change, n) => (change.after === undefined ? [] : [{ n, change }]))
  await refusingBadValues(staged, written, async () => {
    await copyLines(client, staged.rows, rowLines(filling, written))
  })
  const all = staged.changes.map((change, n) => ({ n, change }))
  await refusingBadValues(staged, all, async () => {
    await copyLines(client, staged.keys, keyLines(keyFields, all))
  })
  await client.query(`CREATE UNIQUE INDEX ON ${staged.rows} (n); ANALYZE ${staged.keys}; ANALYZE ${staged.rows}`)
}

/** A change with its number in the temporary tables. */
interface NumberedChange {
  readonly n: number
  readonly change: StagedChange
}

function* rowLines(filling: Filling, changes: readonly NumberedChange[]): Iterable<string> {
  const { written, fields, placeholders } = filling.staged
  const filled = placeholders.map(([, text]) => text)
  const known = new Set(fields.map(({ name }) => name))
  for (const { n, change } of changes) {
    const values = splitObject(change.after as RecordText)
    for (const name of values.keys()) if (!known.has(name)) throw unknownField(filling, change, name)
    noteUpdated(filling.updated, change, values)
    const texts = written.map(({ name, coding }) => serverText(values.get(name), coding))
    yield copyLine([String(n), change.operation, ...texts, ...filled])
  }
}

/** Adds the fields that an update changes to `updated`. @param now the fields of its `after` */
function noteUpdated(updated: Set<string>, { before, after }: StagedChange, now: ReadonlyMap<string, ValueText>): void {
  if (before === undefined || before === after) return
  const old = splitObject(before)
  for (const [name, value] of now) if (old.get(name) !== value) updated.add(name)
  for (const name of old.keys()) if (!now.has(name)) updated.add(name)
}

function unknownField({ database, staged }: Filling, { key }: StagedChange, name: string): UsageError {
  const collection = staged.selection.schema.name
  return new UsageError(
    `source ${database.source}: record ${key} of ${collection} has a field ${name} that the table does not have`,
    { hint: 'run your migrations, or correct the export' },
  )
}

function* keyLines(fields: readonly (CodedField | undefined)[], changes: readonly NumberedChange[]): Iterable<string> {
  for (const { n, change } of changes) {
    const values = splitArray(change.key)
    yield copyLine([String(n), change.operation, ...fields.map((field, i) => keyValue(values[i], field))])
  }
}

/** The server's text of a key field; undefined for NULL, which is `null` in a key. In jsonb it is the JSON value: a collection with NULL in a key is held. */
function keyValue(value: ValueText | undefined, field: CodedField | undefined): string | undefined {
  return value === 'null' && field?.coding !== 'jsonb' ? undefined : serverText(value, field?.coding ?? 'text')
}

/** Runs the copying. @throws RefusedPlan with outcome `violation` when the server refuses a value; its error tells the line, and so the change */
async function refusingBadValues(
  staged: Staged,
  changes: readonly NumberedChange[],
  copy: () => Promise<void>,
): Promise<void> {
  try {
    await copy()
  } catch (error) {
    if (!isRefusedValue(error)) throw error
    // the server writes "COPY tandem_rows_0, line 3, column f2: …", in its own language
    const [, line, kind, field] =
      /tandem_(?:rows|keys)_\d+\D+(\d+)(?:\D*\b([fp])(\d+)\b)?/.exec(error.where ?? '') ?? []
    const name = kind === 'p' ? staged.placeholders[Number(field)]?.[0] : staged.fields[Number(field ?? -1)]?.name
    const type = staged.selection.schema.fields.find((one) => one.name === name)?.type
    throw violation({
      collection: staged.selection.schema.name,
      key: changes[Number(line) - 1]?.change.key,
      constraint: error.constraint ?? (name === undefined ? 'type' : `type of ${name}`),
      message: `${name === undefined ? '' : `${name} (${type ?? 'unknown type'}): `}${error.message}`,
    })
  }
}
