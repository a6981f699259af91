/** The PostgreSQL adapter: each operation of the contract, in one transaction on a connection from the pool. PostgreSQL 13 to 18. */
import type { StateChanges } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Adapter, ConnectOptions } from '../adapter.ts'
import { applyPlan, withRetries } from './apply.ts'
import { type Database, openDatabase } from './connect.ts'
import { literalDefaults } from './defaults.ts'
import { describe } from './describe.ts'
import { equalRecords } from './equal-records.ts'
import { equalValues } from './equal-values.ts'
import { explain } from './failure.ts'
import { parseCollectionName, qualified } from './name.ts'
import { ownKeys } from './own-keys.ts'
import { drawKeys } from './sequences.ts'
import { reading, writing } from './session.ts'
import { takeSnapshot } from './snapshot.ts'
import { changeState, lockState, ownersStatements, removeState, selectState, unexpectedState } from './state.ts'
import { statementsFor } from './structure.ts'
import { triggerEffects } from './trigger-effects.ts'

/**
 * Connects to `postgres://user:password@host:port/database?schema=a,b` (default: every non-system schema).
 * @throws UnreachableError when no server answers, or it refuses the login; no message holds the password
 * @throws UsageError when the URL is not valid or the server not supported
 */
export async function connectPostgres(url: string, options: ConnectOptions): Promise<Adapter> {
  return adapterOf(await openDatabase(url, options))
}

function adapterOf(database: Database): Adapter {
  const explained = explaining(database)
  return {
    engine: 'postgres',
    capabilities: { transactions: true, declaredFields: true, loads: true, concurrentSnapshot: true },
    describe: async () =>
      await explained(
        'describe the database',
        async () => await reading(database, (client) => describe(client, database)),
      ),
    snapshot: async (read) => await takeSnapshot(database, read),
    apply: async (plan) => await applyPlan(database, plan),
    statements: async (changes) =>
      await explained(
        'read the catalogue',
        async () => await reading(database, (client) => statementsFor(client, database, changes)),
      ),
    defaults: async (schema) =>
      await explained(
        'read the defaults',
        async () => await reading(database, (client) => literalDefaults(client, database, schema)),
      ),
    triggers: async () =>
      await explained(
        'read the triggers',
        async () => await reading(database, (client) => triggerEffects(client, database)),
      ),
    ownKeys: async (selections) =>
      await explained(
        'read the keys',
        async () => await reading(database, (client) => ownKeys(client, database, selections)),
      ),
    equalRecords: async (question) =>
      await explained(
        'compare records',
        async () => await writing(database, (client) => equalRecords(client, database, question)),
      ),
    equalValues: async (question) =>
      await explained(
        'compare values',
        async () => await writing(database, (client) => equalValues(client, database, question)),
      ),
    exclusively: async (collections, work) =>
      await explained('keep others from writing', async () => await exclusively(database, collections, work)),
    readState: async () => await explained('read its state', async () => await reading(database, selectState)),
    writeState: async (changes, expected) =>
      await explained('write its state', async () => await writeState(database, changes, expected)),
    nextKeys: async (schema, count, above) => await drawKeys(database, schema, { count, above }),
    dropState: async () => await explained('remove its state', async () => await writing(database, removeState)),
    close: async () => await database.pool.end(),
  }
}

/** See `Adapter.exclusively`. With the lock SHARE ROW EXCLUSIVE others can read the tables but not write them (PostgreSQL documentation, "Explicit Locking"). */
async function exclusively<Result>(
  database: Database,
  collections: readonly CollectionSchema[],
  work: (adapter: Adapter) => Promise<Result>,
): Promise<Result> {
  const tables = collections.flatMap(({ name }) => parseCollectionName(name) ?? []).map(qualified)
  return await withRetries(database, () =>
    writing(database, async (held) => {
      if (tables.length > 0) await held.query(`LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`)
      return await work(adapterOf({ ...database, held }))
    }),
  )
}

/** Writes state texts if all of `expected` are still so; otherwise writes nothing and returns false. */
async function writeState(database: Database, changes: StateChanges, expected: StateChanges): Promise<boolean> {
  return await writing(database, async (client) => {
    await lockState(client)
    if ((await unexpectedState(client, expected)) !== undefined) return false
    await changeState(client, database, changes)
    return true
  })
}

/**
 * A function that runs an operation and turns what the driver throws into one of our errors. Its message says what was being done (`describe the database`), and
 * its hint, where a privilege is missing, what an owner must run for the tool's own table.
 */
function explaining(database: Database): <Result>(doing: string, run: () => Promise<Result>) => Promise<Result> {
  return async (doing, run) => {
    try {
      return await run()
    } catch (error) {
      throw explain(error, { source: database.source, doing, grant: ownersStatements(database.role) })
    }
  }
}
