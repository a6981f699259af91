/**
 * The tool's named texts: documents `{_id: name, value: text}` in `_tandem`. Separate from the journal because with transactions there is none. Only ever
 * written inside a transaction or under the journal, whose head is the lock, so that several texts change as one.
 */
import type { ClientSession, Collection } from 'mongodb'
import type { StateChanges } from '../../model/change.ts'
import type { Connection } from './connect.ts'

interface Entry {
  readonly _id: string
  readonly value: string
}

/** All texts by name; empty when the tool was never here. */
export async function readEntries(connection: Connection, session?: ClientSession): Promise<Map<string, string>> {
  const found = await entries(connection)
    .find({}, { ...(session && { session }) })
    .toArray()
  return new Map(found.map(({ _id, value }) => [_id, value]))
}

/** The name of a text that is not what is expected; undefined if all are. */
export async function unexpectedEntry(
  connection: Connection,
  expected: StateChanges,
  session?: ClientSession,
): Promise<string | undefined> {
  if (expected.size === 0) return undefined
  const found = await readEntries(connection, session)
  return [...expected].find(([name, text]) => found.get(name) !== text)?.[0]
}

/** Writes and removes texts; may be repeated. */
export async function writeEntries(
  connection: Connection,
  state: StateChanges,
  session?: ClientSession,
): Promise<void> {
  const options = session === undefined ? {} : { session }
  for (const [name, value] of state) {
    if (value === undefined) await entries(connection).deleteOne({ _id: name }, options)
    else await entries(connection).updateOne({ _id: name }, { $set: { value } }, { ...options, upsert: true })
  }
}

function entries(connection: Connection): Collection<Entry> {
  return connection.db.collection<Entry>('_tandem')
}
