/**
 * Fills empty tables by plain COPY: no temporary table, no comparison of keys, nothing held in memory. The table is locked against writers from before it is seen to be empty; uniques and checks
 * are the server's, foreign keys are looked up once all tables are full, and every row is read back. Whatever stands in the way ends in `NotLoadable`, and the plan is applied record by record.
 */
import { splitObject } from '../../model/canonical.ts'
import type { CollectionLoad, LiveRecord } from '../../model/change.ts'
import { NotLoadable, parentsFirst, recordSum, summed } from '../loads.ts'
import { stale } from '../refused-plan.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { copyBlocks, copyRecords } from './copy.ts'
import { codeOf, isRefusedValue } from './failure.ts'
import { checkLoadedReferences } from './foreign-keys.ts'
import { qualified } from './name.ts'
import { advancePastAll } from './sequences.ts'
import { type PgClient, withSearchPath } from './session.ts'
import { codedFields, selectFields } from './snapshot.ts'
import { type LiveTable, liveTable, target } from './table.ts'
import { suspendTriggers } from './triggers.ts'
import { watermarkOfFilled, watermarkText } from './watermark.ts'
import { type CodedField, copyLine, serverText } from './values.ts'

/** The tool's texts that mark the tables as they have just been filled; to be called at the end of the same transaction. */
export async function loadedMarks(
  client: PgClient,
  database: Database,
  loads: readonly CollectionLoad[],
): Promise<Map<string, string>> {
  const entries = new Map<string, string>()
  for (const { selection, marked } of loads) {
    if (marked === undefined) continue
    const mark = await watermarkOfFilled(client, await liveTable(client, database, selection.schema), selection)
    if (mark !== undefined) entries.set(...marked(watermarkText(mark)))
  }
  return entries
}

/** An empty table, locked. */
interface EmptyTable {
  readonly load: CollectionLoad
  readonly selection: CollectionLoad['selection']
  readonly table: LiveTable
  /** All selected fields, sorted by name. */
  readonly fields: readonly CodedField[]
}

/**
 * Fills the tables and returns the number of records.
 * @throws RefusedPlan with outcome `stale` when a table is not empty; NotLoadable when the tables have to be filled record by record
 */
export async function loadTables(
  client: PgClient,
  database: Database,
  loads: readonly CollectionLoad[],
): Promise<number> {
  await requirePlainEncoding(client)
  const tables: EmptyTable[] = []
  for (const load of parentsFirst(loads)) tables.push(await emptyTable(client, database, load))
  const triggers = await suspendTriggers(client, database, tables)
  let count = 0
  try {
    for (const each of tables) count += await fill(client, database, each)
    if (!triggers.checkedByServer) await checkLoadedReferences(client, tables)
  } catch (error) {
    if (isRefusedValue(error) || codeOf(error) === '42501') throw new NotLoadable(String(error), { cause: error })
    throw error
  }
  for (const { table, fields } of tables) await advancePastAll(client, table, fields)
  await triggers.restore()
  return count
}

/** A character that the server's encoding lacks is to be told by its record. */
async function requirePlainEncoding(client: PgClient): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(`SELECT current_setting('server_encoding') AS encoding`)
  if (rows[0]?.encoding !== 'UTF8') throw new NotLoadable('the encoding of the database is not UTF-8')
}

async function emptyTable(client: PgClient, database: Database, load: CollectionLoad): Promise<EmptyTable> {
  const { selection } = load
  const table = await liveTable(client, database, selection.schema)
  if (table.tree || table.rowSecurity || selection.derived.length > 0)
    throw new NotLoadable(`${table.name} is not a plain table`)
  await lock(client, table)
  const { rows } = await client.query(`SELECT FROM ${target(table)} LIMIT 1`)
  if (rows.length > 0) throw stale(`${table.name} is no longer empty`)
  return { load, selection, table, fields: codedFields(table, selection) }
}

/** Others may read meanwhile. A role without the privilege to lock writes record by record. */
async function lock(client: PgClient, table: LiveTable): Promise<void> {
  try {
    await client.query(`LOCK TABLE ${target(table)} IN SHARE ROW EXCLUSIVE MODE`)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new NotLoadable(`${table.name} may not be locked`, { cause: error })
  }
}

/** @throws NotLoadable when what is read back is not what was written */
async function fill(client: PgClient, database: Database, { load, table, fields }: EmptyTable): Promise<number> {
  const { schema, placeholders = new Map() } = load.selection
  const columns = [...fields.map(({ name }) => name), ...placeholders.keys()].map(quotedName).join(', ')
  const filled = [...placeholders.values()].map(String)
  const planned = recordSum()
  await withSearchPath(client, database.searchPath, async () => {
    await copyBlocks(client, `${qualified(table)} (${columns})`, lines(summed(load.records(), planned), fields, filled))
  })
  const written = recordSum()
  const select = `${selectFields(fields)} FROM ${target(table)} t`
  for await (const batch of copyRecords(client, { select, fields, key: schema.key }))
    for (const { text } of batch) written.add(text)
  if (!written.equals(planned)) throw new NotLoadable(`${table.name} does not read back as it was written`)
  return planned.count
}

async function* lines(
  batches: AsyncIterable<readonly LiveRecord[]>,
  fields: readonly CodedField[],
  filled: readonly string[],
): AsyncIterable<string> {
  let block = ''
  for await (const batch of batches) {
    for (const { key, text } of batch) {
      const values = splitObject(text)
      let used = 0
      const texts = fields.map(({ name, coding }) => {
        const value = values.get(name)
        if (value !== undefined) used++
        return serverText(value, coding)
      })
      if (used !== values.size) throw new NotLoadable(`record ${key} has a field that the table does not have`)
      block += copyLine([...texts, ...filled])
    }
    if (block.length < 64 * 1024) continue
    yield block
    block = ''
  }
  if (block !== '') yield block
}
