/**
 * The tool's own texts inside the database: documents `{_id: name, value: text}` in the collection `_tandem`. They are written only inside a transaction or under the
 * journal, which locks other runs out, so that several texts change together or not at all.
 */
import type { ClientSession, Collection } from 'mongodb'
import type { StateChanges } from '../../model/change.ts'
import { unexpectedText } from '../expected-state.ts'
import type { MongoConnection } from './connect.ts'

/** A text by its name. */
interface StateDocument {
  readonly _id: string
  readonly value: string
}

/** All texts by name; empty when the tool was never here. */
export async function readEntries(connection: MongoConnection, session?: ClientSession): Promise<Map<string, string>> {
  const found = await entries(connection)
    .find({}, { ...(session && { session }) })
    .toArray()
  return new Map(found.map(({ _id, value }) => [_id, value]))
}

/** The name of the first text that is not what is expected; undefined when all are. */
export async function unexpectedEntry(
  connection: MongoConnection,
  expected: StateChanges,
  session?: ClientSession,
): Promise<string | undefined> {
  if (expected.size === 0) return undefined
  return unexpectedText(await readEntries(connection, session), expected)
}

/** Writes texts (`undefined`: removes them). Doing it twice has the same result. */
export async function writeEntries(
  connection: MongoConnection,
  state: StateChanges,
  session?: ClientSession,
): Promise<void> {
  const options = session === undefined ? {} : { session }
  for (const [name, value] of state) {
    if (value === undefined) await entries(connection).deleteOne({ _id: name }, options)
    else await entries(connection).updateOne({ _id: name }, { $set: { value } }, { ...options, upsert: true })
  }
}

function entries(connection: MongoConnection): Collection<StateDocument> {
  return connection.db.collection<StateDocument>('_tandem')
}
