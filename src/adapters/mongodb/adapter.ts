/** The MongoDB adapter: each operation of the contract. Every operation first finishes or rolls back what an interrupted run left in the journal (recover.ts). */
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Adapter, ConnectOptions } from '../adapter.ts'
import { applyPlan, applyState } from './apply.ts'
import { type MongoConnection, explained, openConnection } from './connect.ts'
import { describeDatabase } from './describe.ts'
import { equalRecords } from './equal-records.ts'
import { ownKeys } from './own-keys.ts'
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
  const afterRecovery = async <Result>(operation: () => Promise<Result>): Promise<Result> =>
    await explained(connection, async () => {
      await recover(connection)
      return await operation()
    })
  const adapter: Adapter = {
    engine: 'mongodb',
    capabilities: {
      transactions: connection.transactions,
      declaredFields: false,
      loads: false,
      concurrentSnapshot: connection.snapshots,
    },
    describe: async () => await afterRecovery(async () => await describeDatabase(connection)),
    snapshot: async (read) => await afterRecovery(async () => await readSnapshot(connection, read)),
    apply: async (plan) =>
      await explained(connection, async () => {
        await changeStructure(connection, plan.structure ?? [])
        return await applyPlan(connection, plan)
      }),
    statements: async (changes) => ({ ahead: statementsFor(changes), within: [] }),
    defaults: async () => new Map(),
    triggers: async () => [],
    ownKeys: async (selections) => await afterRecovery(async () => await ownKeys(connection, selections)),
    equalRecords: async (question) => await afterRecovery(async () => await equalRecords(connection, question)),
    equalValues: async ({ children, parents }) => ({ children: ownClasses(children), parents: ownClasses(parents) }),
    exclusively: async (_collections, work) => await work(adapter),
    readState: async () => await afterRecovery(async () => await readEntries(connection)),
    writeState: async (changes, expected) =>
      await explained(connection, async () => await applyState(connection, changes, expected)),
    nextKeys: async (schema) => await Promise.reject(noSerialKeys(connection, schema)),
    dropState: async () => await afterRecovery(async () => await dropOwnCollections(connection)),
    close: async () => await connection.client.close(),
  }
  return adapter
}

/** No reference of documents is asked about: each value is a class of its own. */
function ownClasses(values: ReadonlySet<string>): Map<string, string> {
  return new Map([...values].map((value) => [value, value]))
}

function noSerialKeys({ source }: MongoConnection, { name }: CollectionSchema): UsageError {
  return new UsageError(`source ${source}: ${name} has no numbers that MongoDB hands out by itself`, {
    hint: 'choose another _id for the record',
  })
}

async function dropOwnCollections({ db }: MongoConnection): Promise<void> {
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  for (const name of ['_tandem_journal', '_tandem']) if (names.includes(name)) await db.dropCollection(name)
}
