/** MongoDB as an adapter: puts the parts of this folder together. Every operation first settles what an interrupted run left behind. */
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Adapter, ConnectOptions } from '../adapter.ts'
import { applyPlan, applyState } from './apply.ts'
import { explained, openConnection, type Connection } from './connect.ts'
import { describeDatabase } from './describe.ts'
import { recover } from './recover.ts'
import { readSnapshot } from './snapshot.ts'
import { readEntries } from './state.ts'
import { changeStructure, statementsFor } from './structure.ts'

/**
 * Connects to `mongodb://HOST/DATABASE` (or `mongodb+srv://…`).
 * @throws UsageError when the URL is malformed or names no database, UnreachableError when the server does not answer or refuses the login
 */
export async function connectMongodb(url: string, options: ConnectOptions): Promise<Adapter> {
  const connection = await openConnection(url, options)
  const settled = async <Result>(operation: () => Promise<Result>): Promise<Result> =>
    await explained(connection, async () => {
      await recover(connection)
      return await operation()
    })
  const adapter: Adapter = {
    engine: 'mongodb',
    capabilities: {
      transactions: connection.transactions,
      declaredFields: false,
      concurrentSnapshot: connection.snapshots,
    },
    describe: async () => await settled(async () => await describeDatabase(connection)),
    snapshot: async (read) => await settled(async () => await readSnapshot(connection, read)),
    apply: async (plan) =>
      await explained(connection, async () => {
        await changeStructure(connection, plan.structure ?? [])
        return await applyPlan(connection, plan)
      }),
    statements: async (changes) => ({ ahead: statementsFor(changes), within: [] }),
    defaults: async () => new Map(),
    exclusively: async (_collections, work) => await work(adapter),
    readState: async () => await settled(async () => await readEntries(connection)),
    writeState: async (changes, expected) =>
      await explained(connection, async () => await applyState(connection, changes, expected)),
    nextKeys: async (schema) => await Promise.reject(noSerialKeys(connection, schema)),
    dropState: async () => await settled(async () => await dropOwnCollections(connection)),
    close: async () => await connection.client.close(),
  }
  return adapter
}

function noSerialKeys({ source }: Connection, { name }: CollectionSchema): UsageError {
  return new UsageError(`${source}: ${name} has no numbers that MongoDB hands out by itself`, {
    hint: 'choose another _id for the record',
  })
}

async function dropOwnCollections({ db }: Connection): Promise<void> {
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  for (const name of ['_tandem_journal', '_tandem']) if (names.includes(name)) await db.dropCollection(name)
}
