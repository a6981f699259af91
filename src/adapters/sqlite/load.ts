/**
 * Fills empty tables by plain inserts: no key is looked up, nothing is held in memory. Uniques and checks are SQLite's, foreign keys are looked up once all tables are full, and every row is
 * read back. Whatever stands in the way ends in `NotLoadable`, and the plan is applied record by record, which finds the record at fault.
 */
import { type RecordText, splitObject } from '../../model/canonical.ts'
import type { ApplyOutcome, ApplyPlan, CollectionLoad } from '../../model/change.ts'
import { unexpectedText } from '../expected-state.ts'
import { NotLoadable, parentsFirst, recordSum } from '../loads.ts'
import { stale } from '../refused-plan.ts'
import { quotedName } from '../sql-text.ts'
import { type Table, readTables, textEncoding } from './catalog.ts'
import { type SqliteConnection, type SqlValue, sqliteCode } from './connect.ts'
import { orphansOf } from './foreign-keys.ts'
import { readVirtualTables } from './indexes.ts'
import { markOf } from './written-pages.ts'
import { rowReader } from './row-reader.ts'
import { putState, readState } from './state.ts'
import { changeStructure } from './structure.ts'
import { readTriggers } from './triggers.ts'
import { type BoundValue, type TextEncoding, boundPlaceholder, boundValue } from './values.ts'

/**
 * Fills the tables of a plan that has no changes, inside the transaction that is open, and writes its state.
 * @throws RefusedPlan with outcome `stale` when a table is not empty; NotLoadable when the tables have to be filled record by record
 */
export async function loadInTransaction(connection: SqliteConnection, plan: ApplyPlan): Promise<ApplyOutcome> {
  if (unexpectedText(readState(connection), plan.expectedState) !== undefined)
    throw stale('another run has written the sync point meanwhile')
  changeStructure(connection, plan.structure ?? [])
  const tables = readTables(connection)
  const encoding = textEncoding(connection)
  const loads = parentsFirst(plan.loads ?? [])
  let inserted = 0
  for (const load of loads) {
    const table = emptyTable(connection, tables, load)
    inserted += await fill(connection, load, { table, encoding })
  }
  for (const { selection } of loads) checkParents(connection, tables.get(selection.schema.name) as Table)
  putState(connection, plan.state)
  for (const { selection, marked } of loads) {
    const mark = marked && markOf({ connection, tables: () => tables, encoding, selection })
    if (marked !== undefined && mark !== undefined) putState(connection, new Map([marked(mark)]))
  }
  return { status: 'applied', inserted, updated: 0, deleted: 0 }
}

/** A table that has triggers, or that an index of the database is made from, is filled record by record. */
function emptyTable(
  connection: SqliteConnection,
  tables: ReadonlyMap<string, Table>,
  { selection }: CollectionLoad,
): Table {
  const { name, fields, key } = selection.schema
  const table = tables.get(name)
  const writable = new Set(table?.columns.filter(({ generated }) => !generated).map((column) => column.name))
  if (table === undefined || key.length === 0 || fields.some((field) => !writable.has(field.name)))
    throw new NotLoadable(`${name} lacks something`)
  const isContent = [...readVirtualTables(connection).values()].some(({ content }) => content === name.toLowerCase())
  if (isContent || selection.derived.length > 0 || readTriggers(connection, name).length > 0)
    throw new NotLoadable(`${name} is not a plain table`)
  if (connection.rows(`SELECT 1 FROM ${quotedName(name)} LIMIT 1`).length > 0) throw stale(`${name} is no longer empty`)
  return table
}

interface Filled {
  readonly table: Table
  readonly encoding: TextEncoding
}

/** @throws NotLoadable when a constraint refuses a record, or it does not read back as it was written */
async function fill(connection: SqliteConnection, load: CollectionLoad, { table, encoding }: Filled): Promise<number> {
  const { schema } = load.selection
  const planned = recordSum()
  const insert = inserter(connection, load)
  for await (const batch of load.records())
    for (const { text } of batch) {
      planned.add(text)
      insert(text)
    }
  const reader = rowReader(schema, encoding)
  const written = recordSum()
  for (const row of connection.iterate(`SELECT ${reader.columns} FROM ${quotedName(table.name)}`))
    written.add(reader.record(row).text)
  if (!written.equals(planned)) throw new NotLoadable(`${table.name} does not read back as it was written`)
  return planned.count
}

/** A function that inserts a record. The statement is put together once; a value that is bound through an expression has one of its own. */
function inserter(connection: SqliteConnection, { selection }: CollectionLoad): (text: RecordText) => void {
  const { schema, placeholders = new Map() } = selection
  const names = schema.fields.map((field) => field.name)
  const filled = [...placeholders.values()].map(boundPlaceholder)
  const columns = [...names, ...placeholders.keys()].map(quotedName).join(', ')
  const into = `INSERT OR ABORT INTO ${quotedName(schema.name)} (${columns}) VALUES`
  const plain = `${into} (${[...names, ...filled].map(() => '?').join(', ')})`
  return (text) => {
    const fields = splitObject(text)
    const bound: BoundValue[] = []
    let used = 0
    for (const name of names) {
      const value = fields.get(name)
      if (value !== undefined) used++
      bound.push(value === undefined ? NULL : refusing(() => boundValue(value)))
    }
    if (used !== fields.size) throw new NotLoadable('a record has a field that the table does not have')
    bound.push(...filled)
    const isPlain = bound.every(({ slot }) => slot === '?')
    const sql = isPlain ? plain : `${into} (${bound.map(({ slot }) => slot).join(', ')})`
    refusing(() =>
      connection.run(
        sql,
        bound.map(({ value }): SqlValue => value),
      ),
    )
  }
}

const NULL: BoundValue = { slot: '?', value: null }

/** @throws NotLoadable for a value that SQLite cannot hold or a constraint refuses */
function refusing<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    const code = sqliteCode(error)
    if (error instanceof SyntaxError || (code !== undefined && /^SQLITE_(CONSTRAINT|MISMATCH)/.test(code)))
      throw new NotLoadable(String(error), { cause: error })
    throw error
  }
}

function checkParents(connection: SqliteConnection, table: Table): void {
  for (const foreignKey of table.foreignKeys)
    if (connection.rows(`${orphansOf(table, foreignKey)} LIMIT 1`).length > 0)
      throw new NotLoadable(`a row of ${table.name} lacks its parent`)
}
