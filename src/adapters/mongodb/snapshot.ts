/** Reads records batch by batch, all at one moment where the server can do that. */
import type { ClientSession, Document, FindOptions } from 'mongodb'
import type { LiveRecord } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import type { Snapshot } from '../adapter.ts'
import type { MongoConnection } from './connect.ts'
import { keyText, recordText, withoutFields } from './record.ts'
import { readEntries } from './state.ts'
import { asBuffer } from './wire.ts'

const BATCH_DOCUMENTS = 2000

/**
 * See `Adapter.snapshot`. In a snapshot session every collection is read as it was at the first read. Without such sessions the collections are read one after the
 * other while others may write. Each is read in the order of `_id`, in which no document is missed that exists all the time; in natural order it could be.
 */
export async function readSnapshot<Result>(
  connection: MongoConnection,
  read: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const session = connection.snapshots ? connection.client.startSession({ snapshot: true }) : undefined
  try {
    const state = await readEntries(connection, session)
    return await read({
      state,
      records: (selection) => scan(connection, selection, session),
      mark: async () => undefined,
      writtenSince: async () => undefined,
      count: async ({ name }) => await connection.db.collection(name).countDocuments({}, session && { session }),
    })
  } finally {
    await session?.endSession()
  }
}

/** The records of a collection. The next batch is fetched while the caller works on the last one. */
async function* scan(
  connection: MongoConnection,
  selection: Selection,
  session: ClientSession | undefined,
): AsyncGenerator<readonly LiveRecord[]> {
  const cursor = connection.db.collection(selection.schema.name).find({}, scanOptions(selection, session))
  try {
    let more = cursor.hasNext()
    while (await more) {
      const documents: readonly unknown[] = cursor.readBufferedDocuments()
      more = cursor.hasNext()
      // An error is thrown at the `await`. If the caller stops before that, it must not be an unhandled rejection.
      more.catch(() => {})
      yield documents.map((document) => liveRecord(asBuffer(document), selection.omit))
    }
  } finally {
    await cursor.close()
  }
}

function scanOptions({ omit }: Selection, session: ClientSession | undefined): FindOptions {
  const projection: Document = {}
  // A projection cannot name fields with `$` or dots; `withoutFields` takes these out.
  for (const name of omit) if (!name.startsWith('$') && !name.includes('.')) projection[name] = 0
  return {
    raw: true,
    sort: { _id: 1 },
    batchSize: BATCH_DOCUMENTS,
    ...(Object.keys(projection).length > 0 && { projection }),
    ...(session && { session }),
  }
}

function liveRecord(document: Buffer, omit: readonly string[]): LiveRecord {
  const bytes = withoutFields(document, omit)
  return { key: keyText(bytes), text: recordText(bytes) }
}
