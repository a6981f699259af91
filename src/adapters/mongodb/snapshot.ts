/** Reads collections as records, raw batch by raw batch, at one moment where the server can show one. Read-only, hence apart from apply. */
import type { ClientSession, Document, FindOptions } from 'mongodb'
import type { LiveRecord } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import type { Snapshot } from '../adapter.ts'
import type { Connection } from './connect.ts'
import { keyText, recordText, withoutFields } from './record.ts'
import { readEntries } from './state.ts'
import { asBuffer } from './wire.ts'

const BATCH_DOCUMENTS = 2000

/**
 * Runs `read` on one moment: with a snapshot session every collection shows the time of the first read. Without one each scan runs in `_id` order, which never
 * misses a document that stays (natural order can), but collections are read one after the other.
 */
export async function readSnapshot<Result>(
  connection: Connection,
  read: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const session = connection.snapshots ? connection.client.startSession({ snapshot: true }) : undefined
  try {
    const state = await readEntries(connection, session)
    return await read({
      state,
      records: (selection) => scan(connection, selection, session),
      count: async ({ name }) => await connection.db.collection(name).countDocuments({}, session && { session }),
    })
  } finally {
    await session?.endSession()
  }
}

/** The next batch is fetched while the last one is decoded and used. */
async function* scan(
  connection: Connection,
  selection: Selection,
  session: ClientSession | undefined,
): AsyncGenerator<readonly LiveRecord[]> {
  const cursor = connection.db.collection(selection.schema.name).find({}, scanOptions(selection, session))
  try {
    let more = cursor.hasNext()
    while (await more) {
      const documents: readonly unknown[] = cursor.readBufferedDocuments()
      more = cursor.hasNext()
      // A failure surfaces at the `await`; if the reader stops before, nobody wants it.
      more.catch(() => {})
      yield documents.map((document) => liveRecord(asBuffer(document), selection.omit))
    }
  } finally {
    await cursor.close()
  }
}

function scanOptions({ omit }: Selection, session: ClientSession | undefined): FindOptions {
  const projection: Document = {}
  // Others cannot be named in a projection; they are cut out here.
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
