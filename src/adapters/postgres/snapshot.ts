/** Reads records at one moment: all of a snapshot in a single REPEATABLE READ transaction, through COPY. */
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema, Selection } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Snapshot, WrittenSince } from '../adapter.ts'
import { quotedName } from '../sql-text.ts'
import { isMost, keysOf } from '../written-since.ts'
import type { Database } from './connect.ts'
import { type RecordQuery, copyAll, copyRecordBlocks, copyRecords } from './copy.ts'
import { explain } from './failure.ts'
import { type PgClient, inSavepoint, reading } from './session.ts'
import { ownersStatements, selectState } from './state.ts'
import { type LiveTable, grantFor, liveTable, target } from './table.ts'
import type { CodedField } from './values.ts'
import { type MomentAsked, type Watermark, ageCondition, momentIn, watermarkOf, watermarkText } from './watermark.ts'

/**
 * See `Adapter.snapshot`. Collections must be read one after the other, because there is one connection. An error while one is read leaves the others readable.
 */
export async function takeSnapshot<Result>(
  database: Database,
  read: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  return await reading(database, async (client) => {
    const state = await readState(client, database)
    const oneAtATime = oneStreamAtATime()
    const moment = momentIn(client)
    return await read({
      state,
      share: async () => {
        const { rows } = await client.query<{ id: string }>('SELECT pg_catalog.pg_export_snapshot() AS id')
        return rows[0]?.id ?? ''
      },
      records: (selection) => oneAtATime(readRecords(client, database, { selection, read: copyRecords })),
      blocks: (selection) => oneAtATime(readRecords(client, database, { selection, read: copyRecordBlocks })),
      mark: async (selection) => await takeMark(client, database, { selection, moment }),
      writtenSince: async (selection, mark) => await readWritten(client, database, { selection, moment, mark }),
      count: async (schema) => await inSavepoint(client, async () => await countRecords(client, database, schema)),
    })
  })
}

/** A function that passes a stream on and throws if another one is still open: on one connection the second would wait for the first without end. */
function oneStreamAtATime(): <Item>(items: AsyncIterable<Item>) => AsyncIterable<Item> {
  let taken = false
  return async function* (items) {
    if (taken) throw new Error('the collections of a PostgreSQL snapshot are read one after the other')
    taken = true
    try {
      yield* items
    } finally {
      taken = false
    }
  }
}

async function readState(client: PgClient, database: Database): Promise<ReadonlyMap<string, string>> {
  try {
    return await selectState(client)
  } catch (error) {
    throw explain(error, { source: database.source, doing: 'read its state', grant: ownersStatements(database.role) })
  }
}

/** The fields of a selection with the coding that the live table gives them, sorted by name, which is their order in a record. @throws UsageError when the table lacks one */
export function codedFields(table: LiveTable, { schema, omit }: Selection): CodedField[] {
  const fields = schema.fields.filter(({ name }) => !omit.includes(name)).map(({ name }) => columnOf(table, name))
  return fields.sort((a, b) => compareBytes(a.name, b.name))
}

/** `SELECT t."a", t."b"`: the fields of the table with the alias `t`, to be followed by FROM. */
export function selectFields(fields: readonly CodedField[]): string {
  return `SELECT ${fields.map(({ name }) => `t.${quotedName(name)}`).join(', ')}`
}

async function* readRecords<Batch>(
  client: PgClient,
  database: Database,
  asked: {
    readonly selection: Selection
    readonly read: (client: PgClient, query: RecordQuery) => AsyncIterable<Batch>
  },
): AsyncIterable<Batch> {
  const { selection, read } = asked
  const { schema } = selection
  if (schema.key.length === 0) {
    throw new UsageError(`source ${database.source}: table ${schema.name} has no primary key`, {
      hint: `give it one, or name fields that identify a record in the configuration: "key": ["…"] of ${schema.name}`,
    })
  }
  const table = await liveTable(client, database, schema)
  const fields = codedFields(table, selection)
  const query: RecordQuery = { select: `${selectFields(fields)} FROM ${target(table)} t`, fields, key: schema.key }
  await client.query('SAVEPOINT tandem_read')
  try {
    yield* read(client, query)
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT tandem_read').catch(() => {})
    throw explain(error, {
      source: database.source,
      doing: `read ${schema.name}`,
      grant: grantFor(table, 'SELECT', database.role),
    })
  }
}

interface MarkedTable {
  readonly selection: Selection
  readonly moment: MomentAsked
}

async function takeMark(client: PgClient, database: Database, at: MarkedTable): Promise<string | undefined> {
  const mark = await watermarkOf(client, await liveTable(client, database, at.selection.schema), at)
  return mark && watermarkText(mark)
}

async function readWritten(
  client: PgClient,
  database: Database,
  { mark, ...at }: MarkedTable & { readonly mark: string },
): Promise<WrittenSince | undefined> {
  const { selection } = at
  const table = await liveTable(client, database, selection.schema)
  const now = await watermarkOf(client, table, at)
  if (now === undefined) return undefined
  const isRecent = ageCondition(JSON.parse(mark) as Watermark, now)
  if (isRecent === undefined) return undefined
  const from = `FROM ${target(table)} t`
  const read = inSavepoint(client, async () => {
    const { rows } = await client.query<Record<'all' | 'written', string>>(
      `SELECT count(*) AS all, count(*) FILTER (WHERE ${isRecent}) AS written ${from}`,
    )
    const [count, written] = [Number(rows[0]?.all), Number(rows[0]?.written)]
    if (isMost(written, count)) return undefined
    const { key } = selection.schema
    const fields = codedFields(table, selection)
    const query = { select: `${selectFields(fields)} ${from} WHERE ${isRecent}`, fields, key }
    const records = written === 0 ? [] : await copyAll(client, query)
    const keyFields = fields.filter(({ name }) => key.includes(name))
    const keys = { select: `${selectFields(keyFields)} ${from}`, fields: keyFields, key }
    return { records, count, keys: () => keysOf(copyRecords(client, keys)), mark: watermarkText(now) }
  })
  // what stands in the way is told where all is read
  return await read.catch(() => undefined)
}

async function countRecords(client: PgClient, database: Database, schema: CollectionSchema): Promise<number> {
  const table = await liveTable(client, database, schema)
  try {
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${target(table)}`)
    return Number(rows[0]?.count)
  } catch (error) {
    throw explain(error, {
      source: database.source,
      doing: `count ${schema.name}`,
      grant: grantFor(table, 'SELECT', database.role),
    })
  }
}

function columnOf(table: LiveTable, name: string): CodedField {
  const column = table.columns.get(name)
  if (column === undefined) throw new UsageError(`table ${table.name} has no field ${name}`)
  return column
}
