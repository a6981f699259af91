/** Reads records batch by batch, all at one moment where the server can do that. */
import type { ClientSession, Document, FindOptions } from 'mongodb'
import type { KeyText } from '../../model/canonical.ts'
import type { LiveRecord } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import type { Snapshot, WrittenSince } from '../adapter.ts'
import { type Digests, bitsFor, digestsFrom, digestsText } from '../digests.ts'
import type { MongoConnection } from './connect.ts'
import { keyText, recordText, withoutFields } from './record.ts'
import { type DocumentRun, runsOf, structureOf } from './runs.ts'
import { readEntries } from './state.ts'
import { asBuffer } from './wire.ts'

const BATCH_DOCUMENTS = 2000

/** Runs of 16 documents at least. */
const LEAST_BITS = 4

/**
 * See `Adapter.snapshot`. In a snapshot session every collection is read as it was at the first read. Without such sessions the collections are read one after the
 * other while others may write. Each is read in the order of `_id`, in which no document is missed that exists all the time; in natural order it could be.
 */
export async function readSnapshot<Result>(
  connection: MongoConnection,
  read: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const session = connection.snapshots ? connection.client.startSession({ snapshot: true }) : undefined
  const place = { connection, session }
  // a mark is of the very documents that were read: without a session, others may come at any time
  const marks = new Map<string, string>()
  try {
    const state = await readEntries(connection, session)
    return await read({
      state,
      records: async function* (selection) {
        const structure = structureOf(selection)
        const digests = new Set<string>()
        const count = await connection.db.collection(selection.schema.name).estimatedDocumentCount()
        const bits = Math.max(LEAST_BITS, bitsFor(count))
        for await (const run of runsOf(scan(place, selection), bits)) {
          digests.add(run.digest)
          yield recordsOf(run, selection)
        }
        marks.set(structure, digestsText({ structure, bits, digests }))
      },
      mark: async (selection) => marks.get(structureOf(selection)),
      writtenSince: async (selection, mark) => {
        const before = digestsFrom(mark)
        return before?.structure === structureOf(selection) ? await readSince(place, selection, before) : undefined
      },
      count: async ({ name }) => await connection.db.collection(name).countDocuments({}, session && { session }),
    })
  } finally {
    await session?.endSession()
  }
}

interface ScanPlace {
  readonly connection: MongoConnection
  readonly session: ClientSession | undefined
}

async function readSince(place: ScanPlace, selection: Selection, before: Digests): Promise<WrittenSince> {
  const digests = new Set<string>()
  const records: LiveRecord[] = []
  let count = 0
  for await (const run of runsOf(scan(place, selection), before.bits)) {
    digests.add(run.digest)
    count += run.documents.length
    if (!before.digests.has(run.digest)) for (const record of recordsOf(run, selection)) records.push(record)
  }
  const now = { ...before, digests }
  return { records, count, keys: () => readKeys(place, selection, now), mark: digestsText(now) }
}

/** The keys of the documents with these digests; none where it is not these any more, as can be without a session. */
async function* readKeys(place: ScanPlace, selection: Selection, now: Digests): AsyncIterable<readonly KeyText[]> {
  const keys: (readonly KeyText[])[] = []
  const digests = new Set<string>()
  for await (const { digest, documents } of runsOf(scan(place, selection), now.bits)) {
    digests.add(digest)
    keys.push(documents.map(keyText))
  }
  if (digests.size === now.digests.size && [...digests].every((digest) => now.digests.has(digest))) yield* keys
}

function recordsOf({ documents }: DocumentRun, { omit }: Selection): LiveRecord[] {
  return documents.map((document) => {
    const bytes = withoutFields(document, omit)
    return { key: keyText(bytes), text: recordText(bytes) }
  })
}

/** The documents of a collection. The next batch is fetched while the caller works on the last one. */
async function* scan({ connection, session }: ScanPlace, selection: Selection): AsyncGenerator<readonly Buffer[]> {
  const cursor = connection.db.collection(selection.schema.name).find({}, scanOptions(selection, session))
  try {
    let more = cursor.hasNext()
    while (await more) {
      const documents: readonly unknown[] = cursor.readBufferedDocuments()
      more = cursor.hasNext()
      // An error is thrown at the `await`. If the caller stops before that, it must not be an unhandled rejection.
      more.catch(() => {})
      yield documents.map(asBuffer)
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
