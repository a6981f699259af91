/** The demo's MongoDB: one database for each machine, on the server of MONGODB_TEST_URI. */
import { type Collection, type Document, MongoClient } from 'mongodb'
import { randomBytes } from 'node:crypto'
import { UnreachableError, UsageError } from '../model/errors.ts'
import { type DemoDatabase, type DemoServer, FIELDS, databaseName, urlOfDatabase } from './database.ts'
import { traderOf } from './sql.ts'
import type { Trader } from './traders.ts'

const CONNECT_MS = 5_000

/**
 * Connects to the server.
 * @param uri of a server on which databases may be created; a database that it names is not used
 * @throws UsageError without a URI; UnreachableError when the server does not answer
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
        const name = databaseName(run, machine)
        made.push(name)
        return databaseOf(client.db(name).collection('traders'), urlOfDatabase(uri, name))
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

/** The document of a trader's fields; `timestamp` is a date in MongoDB. */
function documentOf(trader: Partial<Trader>): Document {
  const fields = FIELDS.filter((field) => trader[field] !== undefined)
  return Object.fromEntries(
    fields.map((field) => [field, field === 'timestamp' ? new Date(trader[field] as string) : trader[field]]),
  )
}
