/** MongoDB, or one of the servers that speak its protocol, by raw BSON through its driver. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { MongoClient, type Collection, type Document } from 'mongodb'
import { createMongoDatabase, startMongodb } from '../../test/support/mongodb.ts'
import { timed } from '../measured.ts'
import { rowAt, timeOfMark } from '../rows.ts'
import type { Workbench } from '../workbench.ts'
import { TABLE, type BenchDatabase, type BenchEngine } from './engine.ts'

/** Documents of one message. */
const BATCH = 10_000

interface Numbered extends Document {
  _id: number
}

type Numbers = Collection<Numbered>

export async function openMongodb(workbench: Workbench): Promise<BenchEngine> {
  const starting = startMongodb()
  // before it is there: Ctrl-C may come meanwhile
  workbench.defer(async () => (await starting).stop())
  const started = await starting
  const [server] = started.uris
  if (server === undefined) throw new Error(`no MongoDB: ${started.missing.join('; ')}`)
  const empty = async (): Promise<BenchDatabase> => {
    const { uri } = await createMongoDatabase(server.uri)
    await inClient(uri, (client) => client.db().createCollection(TABLE))
    return databaseAt(uri)
  }
  return {
    name: 'mongodb',
    empty,
    read: {
      words: `raw find (${server.name})`,
      run: ({ url }) => connected(url, (records) => timed(() => readRaw(records, async () => {}))),
    },
    dump: {
      words: `raw find to a file (${server.name})`,
      run: ({ url }) => connected(url, (records) => timed(() => dump(records, path.join(workbench.folder, 'dump')))),
    },
    load: {
      words: `inserts of ${BATCH} documents (${server.name})`,
      run: async ({ url }) => {
        const documents = await connected(url, (records) => records.find().toArray())
        const target = await empty()
        return connected(target.url, (records) => timed(() => insertAll(records, documents)))
      },
    },
  }
}

function databaseAt(url: string): BenchDatabase {
  return {
    url,
    fill: (rows) => connected(url, (records) => insertAll(records, generated(rows))),
    change: async (ids, mark) => {
      const changed = { profit_usd: mark + 0.25, ts: timeOfMark(mark) }
      await connected(url, (records) => records.updateMany({ _id: { $in: [...ids] } }, { $set: changed }))
    },
    remove: async (ids) => void (await connected(url, (records) => records.deleteMany({ _id: { $in: [...ids] } }))),
    count: (mark) =>
      connected(url, (records) => records.countDocuments(mark === undefined ? {} : { ts: timeOfMark(mark) })),
    rowByRow: undefined, // neither server has transactions
  }
}

function* generated(rows: number): Generator<Numbered> {
  for (let number = 1; number <= rows; number++) {
    const { id, profit_usd, profit_sol, tags, ...rest } = rowAt(number)
    yield { _id: id, ...rest, profit_usd: Number(profit_usd), profit_sol: Number(profit_sol), tags: [...tags] }
  }
}

async function insertAll(records: Numbers, documents: Iterable<Numbered>): Promise<void> {
  let batch: Numbered[] = []
  for (const document of documents) {
    batch.push(document)
    if (batch.length < BATCH) continue
    await records.insertMany(batch, { ordered: false })
    batch = []
  }
  if (batch.length > 0) await records.insertMany(batch, { ordered: false })
}

/** Every document as the bytes that the server sent. */
async function readRaw(records: Numbers, take: (document: Buffer) => Promise<unknown>): Promise<void> {
  const cursor = records.find({}, { raw: true, batchSize: 2000 })
  while (await cursor.hasNext())
    for (const document of cursor.readBufferedDocuments()) await take(document as unknown as Buffer)
}

async function dump(records: Numbers, file: string): Promise<void> {
  const stream = createWriteStream(file)
  await readRaw(records, async (document) => {
    if (!stream.write(document)) await once(stream, 'drain')
  })
  await new Promise((resolve) => void stream.end(resolve))
}

function connected<Result>(url: string, work: (records: Numbers) => Promise<Result>): Promise<Result> {
  return inClient(url, (client) => work(client.db().collection<Numbered>(TABLE)))
}

async function inClient<Result>(url: string, work: (client: MongoClient) => Promise<Result>): Promise<Result> {
  const client = new MongoClient(url)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
