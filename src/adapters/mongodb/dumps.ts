/**
 * MongoDB's dumps hold what the portable archive has not: options, indexes and views of all collections, and the documents of those that a merge cannot carry (capped, time series), as
 * Extended JSON, a line each. The records are in the portable archive. A database cannot be renamed, so a live one is brought to the state of an archive record by record.
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { CollectionInfo, Db, Document } from 'mongodb'
import type { Dumps, DumpOptions, ScratchDatabase, ScratchOrigin } from '../dump.ts'
import { DUMP_CONNECT_MS, isLeftScratch, scratchName } from '../dump.ts'
import { connectMongodb } from './adapter.ts'
import { type MongoConnection, explained, openConnection } from './connect.ts'
import { allIndexes } from './describe.ts'

/** The first line of a dump. */
interface Structure {
  readonly collections: readonly {
    readonly name: string
    readonly type: string
    readonly options: Document
    readonly indexes: readonly Document[]
  }[]
}

/** The dumps of the database that the URL names. */
export function mongodbDumps(url: string, options: DumpOptions): Dumps {
  const connected = <Result>(work: (connection: MongoConnection) => Promise<Result>): Promise<Result> =>
    withConnection(url, options, work)
  return {
    engine: 'mongodb',
    fileName: 'documents.jsonl',
    holdsRecords: false,
    dump: (to, read) =>
      connected(async (connection) => {
        const adapter = await connectMongodb(url, { ...options, connectTimeoutMs: DUMP_CONNECT_MS })
        try {
          const description = await adapter.describe()
          const structure = await writeDump(connection, to)
          const result = await adapter.snapshot((snapshot) => read({ snapshot, description }))
          return { isMade: true, structure, facts: {}, warnings: warningsOf(connection), result }
        } finally {
          await adapter.close()
        }
      }),
    problemOf: async (file) => {
      try {
        for (const line of (await readFile(file, 'utf8')).split('\n').filter(Boolean)) JSON.parse(line)
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
    scratch: (origin) => makeScratch(url, options, origin),
    restoreStructure: (file) => connected((connection) => restoreDump(connection, file)),
    sizeBytes: () => connected(async ({ db }) => Number((await db.stats())['dataSize'])),
    log: (row) =>
      connected(async ({ db }) => {
        await db.collection('backup_logs').insertOne({ ...row })
      }),
  }
}

function warningsOf({ snapshots }: MongoConnection): readonly string[] {
  if (snapshots) return []
  return [
    'this server cannot show one moment of all collections (it is no replica set): they were read one after the other',
  ]
}

async function withConnection<Result>(
  url: string,
  options: DumpOptions,
  work: (connection: MongoConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await openConnection(url, { ...options, connectTimeoutMs: DUMP_CONNECT_MS })
  try {
    return await explained(connection, () => work(connection))
  } finally {
    await connection.client.close()
  }
}

/** Writes the dump and returns the text of its structure. */
async function writeDump(connection: MongoConnection, to: string): Promise<string> {
  const { db, driver } = connection
  const { EJSON } = driver.BSON
  const infos = (await db.listCollections().toArray()).filter(({ name }) => !/^(system\.|_tandem)/.test(name))
  infos.sort((a, b) => (a.name < b.name ? -1 : 1))
  const collections: Structure['collections'][number][] = []
  const lines: string[] = []
  for (const info of infos as CollectionInfo[]) {
    const { name, type = 'collection' } = info
    const indexes = type === 'view' ? [] : (await allIndexes(connection, name)).filter((index) => index.name !== '_id_')
    collections.push({ name, type, options: info.options ?? {}, indexes })
    if (type !== 'timeseries' && info.options?.capped !== true) continue
    for await (const document of db.collection(name).find({}, { promoteValues: false }))
      lines.push(EJSON.stringify({ collection: name, document }, { relaxed: false }))
  }
  const structure = EJSON.stringify({ collections }, { relaxed: false })
  await writeFile(to, `${[structure, ...lines].join('\n')}\n`)
  return structure
}

/** Makes what the dump holds and the database lacks. */
async function restoreDump({ db, driver }: MongoConnection, file: string): Promise<void> {
  const { EJSON } = driver.BSON
  const [first = '{}', ...lines] = (await readFile(file, 'utf8')).split('\n').filter(Boolean)
  const { collections = [] } = EJSON.parse(first, { relaxed: true }) as Partial<Structure>
  const there = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name))
  const made = new Set<string>()
  // views come last: they may be views of each other, and all of collections
  for (const each of [...collections].sort((a, b) => Number(a.type === 'view') - Number(b.type === 'view'))) {
    if (!there.has(each.name)) await db.createCollection(each.name, each.options)
    if (!there.has(each.name)) made.add(each.name)
    await makeIndexes(db, each)
  }
  for (const line of lines) {
    const { collection, document } = EJSON.parse(line, { relaxed: false }) as { collection: string; document: Document }
    if (made.has(collection)) await db.collection(collection).insertOne(document)
  }
}

async function makeIndexes(db: Db, { name, indexes }: Structure['collections'][number]): Promise<void> {
  for (const { key, v: _version, ns: _namespace, ...options } of indexes)
    await db.collection(name).createIndex(key as Record<string, 1 | -1>, options)
}

async function makeScratch(url: string, options: DumpOptions, origin: ScratchOrigin): Promise<ScratchDatabase> {
  const name = scratchName()
  const scratchUrl = withDatabase(url, name)
  const remove = (): Promise<void> =>
    withConnection(scratchUrl, options, async ({ db }) => {
      await db.dropDatabase()
    })
  await withConnection(url, options, dropLeft)
  try {
    const { dump } = origin
    if (dump !== undefined) await withConnection(scratchUrl, options, (connection) => restoreDump(connection, dump))
    const adapter = await connectMongodb(scratchUrl, { ...options, connectTimeoutMs: DUMP_CONNECT_MS })
    return {
      adapter,
      url: scratchUrl,
      name,
      warnings: [],
      drop: async () => {
        await adapter.close()
        await remove()
      },
    }
  } catch (error) {
    await remove().catch(() => undefined) // what failed is told, not what followed from it
    throw error
  }
}

/** Drops scratch databases that killed runs left behind, as far as the user may. */
async function dropLeft({ client }: MongoConnection): Promise<void> {
  const { databases } = await client
    .db()
    .admin()
    .listDatabases({ nameOnly: true })
    .catch(() => ({ databases: [] }))
  for (const { name } of databases)
    if (isLeftScratch(name))
      await client
        .db(name)
        .dropDatabase()
        .catch(() => undefined)
}

/** The same URL for another database of the server. A login is looked up where it was before. */
function withDatabase(url: string, name: string): string {
  const [, start = '', login, hosts = '', database = '', query = ''] =
    /^(mongodb(?:\+srv)?:\/\/)([^/?]*@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  if (login !== undefined && !parameters.has('authSource')) parameters.set('authSource', decodeURIComponent(database))
  const text = parameters.toString()
  return `${start}${login ?? ''}${hosts}/${name}${text === '' ? '' : `?${text}`}`
}
