/** One moment of the database: everything is read in a single REPEATABLE READ transaction, through COPY. */
import { compareBytes } from '../../model/canonical.ts'
import type { LiveRecord } from '../../model/change.ts'
import type { CollectionSchema, Selection } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Snapshot } from '../adapter.ts'
import type { Database } from './connect.ts'
import { copyRecords, type RecordQuery } from './copy.ts'
import { explain } from './failure.ts'
import { identifier } from './name.ts'
import { inSavepoint, reading, type Connection } from './session.ts'
import { ownersStatements, selectState } from './state.ts'
import { grantFor, liveTable, target, type LiveTable } from './table.ts'
import type { CodedField } from './values.ts'

/**
 * Runs `read` on one moment of the database. Collections are read one after the other, as there is one connection; a collection that cannot be read does not
 * spoil the others.
 */
export async function takeSnapshot<Result>(
  database: Database,
  read: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  return await reading(database, async (client) => {
    const state = await readState(client, database)
    const oneAtATime = turnstile()
    return await read({
      state,
      records: (selection) => oneAtATime(readRecords(client, database, selection)),
      count: async (schema) => await inSavepoint(client, async () => await countRecords(client, database, schema)),
    })
  })
}

/** Passes one stream at a time: a second one would wait for ever for a first one that nobody reads on. */
function turnstile(): <Item>(items: AsyncIterable<Item>) => AsyncIterable<Item> {
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

async function readState(client: Connection, database: Database): Promise<ReadonlyMap<string, string>> {
  try {
    return await selectState(client)
  } catch (error) {
    throw explain(error, { source: database.source, doing: 'read its state', grant: ownersStatements(database.role) })
  }
}

/** The fields of a selection as the live table has them, sorted by name as records have them. */
export function codedFields(table: LiveTable, { schema, omit }: Selection): CodedField[] {
  const fields = schema.fields.filter(({ name }) => !omit.includes(name)).map(({ name }) => columnOf(table, name))
  return fields.sort((a, b) => compareBytes(a.name, b.name))
}

/** `SELECT` of fields of alias `t`, to be followed by FROM. */
export function selectFields(fields: readonly CodedField[]): string {
  return `SELECT ${fields.map(({ name }) => `t.${identifier(name)}`).join(', ')}`
}

async function* readRecords(
  client: Connection,
  database: Database,
  selection: Selection,
): AsyncIterable<readonly LiveRecord[]> {
  const { schema } = selection
  if (schema.key.length === 0) {
    throw new UsageError(`${database.source}: table ${schema.name} has no primary key`, {
      hint: `give it one, or name fields that identify a record in the configuration: "key": ["…"] of ${schema.name}`,
    })
  }
  const table = await liveTable(client, database, schema)
  const fields = codedFields(table, selection)
  const query: RecordQuery = { select: `${selectFields(fields)} FROM ${target(table)} t`, fields, key: schema.key }
  await client.query('SAVEPOINT tandem_read')
  try {
    yield* copyRecords(client, query)
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT tandem_read').catch(() => {})
    throw explain(error, {
      source: database.source,
      doing: `read ${schema.name}`,
      grant: grantFor(table, 'SELECT', database.role),
    })
  }
}

async function countRecords(client: Connection, database: Database, schema: CollectionSchema): Promise<number> {
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
