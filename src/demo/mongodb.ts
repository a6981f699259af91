/** The demo's MongoDB: the server of MONGODB_TEST_URI, with a database of its own for each machine. */
import { randomBytes } from 'node:crypto'
import { MongoClient, type Collection, type Document } from 'mongodb'
import { UnreachableError, UsageError } from '../model/errors.ts'
import { FIELDS, type DemoDatabase, type DemoServer } from './database.ts'
import { traderOf } from './sql.ts'
import type { Trader } from './traders.ts'

const CONNECT_MS = 5_000

/**
 * Connects to the server.
 * @param uri of a server on which databases may be made; a database in it is not used
 * @throws UsageError without a URI; UnreachableError when nobody answers
 */
export async function mongodbServer(uri: string | undefined): Promise<DemoServer> {
  if (uri === undefined || uri === '')
    throw new UsageError('--mongodb needs a MongoDB server', {
      hint: 'MONGODB_TEST_URI=mongodb://localhost:27017 npm run demo -- --mongodb (docker run -d -p 27017:27017 mongo starts one)',
    })
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: CONNECT_MS, ignoreUndefined: true })
  const run = randomBytes(4).toString('hex')
  const made: string[] = []
  try {
    const { version } = await client.db('admin').command({ buildInfo: 1 })
    return {
      name: `MongoDB ${String(version)}`,
      database: async (machine) => {
        const name = `tandem_demo_${run}_${machine.replaceAll('-', '_')}`
        made.push(name)
        return databaseOf(client.db(name).collection('traders'), withDatabase(uri, name))
      },
      close: async ({ keep }) => {
        if (!keep) for (const name of made) await client.db(name).dropDatabase()
        await client.close()
      },
    }
  } catch (error) {
    await client.close()
    throw new UnreachableError(`the server of MONGODB_TEST_URI does not answer: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function databaseOf(traders: Collection, url: string): DemoDatabase {
  return {
    url,
    create: async () => void (await traders.createIndex({ username: 1 }, { unique: true })),
    edit: async ({ added, changed, removed }) => {
      if (added.length > 0) await traders.insertMany(added.map(documentOf))
      for (const [username, fields] of changed) await traders.updateOne({ username }, { $set: documentOf(fields) })
      for (const username of removed) await traders.deleteOne({ username })
    },
    find: async (usernames) => {
      const found = await traders
        .find({ username: { $in: [...usernames] } })
        .sort({ username: 1 })
        .toArray()
      return found.map(traderOf)
    },
    count: () => traders.countDocuments(),
  }
}

/** Times are dates in MongoDB. */
function documentOf(trader: Partial<Trader>): Document {
  const fields = FIELDS.filter((field) => trader[field] !== undefined)
  return Object.fromEntries(
    fields.map((field) => [field, field === 'timestamp' ? new Date(trader[field] as string) : trader[field]]),
  )
}

function withDatabase(uri: string, name: string): string {
  const url = new URL(uri)
  url.pathname = `/${name}`
  return url.href
}
