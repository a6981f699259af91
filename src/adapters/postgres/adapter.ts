/** The PostgreSQL adapter: the contract's operations, each one transaction on a connection from the pool. Versions 13 to 18. */
import type { StateChanges } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Adapter, ConnectOptions } from '../adapter.ts'
import { again, applyPlan } from './apply.ts'
import { openDatabase, type Database } from './connect.ts'
import { literalDefaults } from './defaults.ts'
import { describe } from './describe.ts'
import { explain } from './failure.ts'
import { parseCollectionName, qualified } from './name.ts'
import { drawKeys } from './sequences.ts'
import { reading, writing } from './session.ts'
import { takeSnapshot } from './snapshot.ts'
import { changeState, lockState, ownersStatements, removeState, selectState, unexpectedState } from './state.ts'
import { statementsFor } from './structure.ts'

/**
 * Connects to `postgres://user:password@host:port/database?schema=a,b` (default: every non-system schema).
 * @throws UnreachableError when no server answers, or it refuses us; the password is in no message
 * @throws UsageError when the URL is not valid or the server not supported
 */
export async function connectPostgres(url: string, options: ConnectOptions): Promise<Adapter> {
  return adapterOf(await openDatabase(url, options))
}

function adapterOf(database: Database): Adapter {
  const attempt = explaining(database)
  return {
    engine: 'postgres',
    capabilities: { transactions: true, declaredFields: true, concurrentSnapshot: true },
    describe: async () =>
      await attempt(
        'describe the database',
        async () => await reading(database, (client) => describe(client, database)),
      ),
    snapshot: async (read) => await takeSnapshot(database, read),
    apply: async (plan) => await applyPlan(database, plan),
    statements: async (changes) =>
      await attempt(
        'read the catalogue',
        async () => await reading(database, (client) => statementsFor(client, database, changes)),
      ),
    defaults: async (schema) =>
      await attempt(
        'read the defaults',
        async () => await reading(database, (client) => literalDefaults(client, database, schema)),
      ),
    exclusively: async (collections, work) =>
      await attempt('keep others from writing', async () => await exclusively(database, collections, work)),
    readState: async () => await attempt('read its state', async () => await reading(database, selectState)),
    writeState: async (changes, expected) =>
      await attempt('write its state', async () => await writeState(database, changes, expected)),
    nextKeys: async (schema, count, above) => await drawKeys(database, schema, { count, above }),
    dropState: async () => await attempt('remove its state', async () => await writing(database, removeState)),
    close: async () => await database.pool.end(),
  }
}

/** SHARE ROW EXCLUSIVE lets everybody read and nobody write (PostgreSQL documentation, "Explicit Locking"); what the tables are called comes from the catalogue. */
async function exclusively<Result>(
  database: Database,
  collections: readonly CollectionSchema[],
  work: (adapter: Adapter) => Promise<Result>,
): Promise<Result> {
  const tables = collections.flatMap(({ name }) => parseCollectionName(name) ?? []).map(qualified)
  return await again(database, () =>
    writing(database, async (held) => {
      if (tables.length > 0) await held.query(`LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`)
      return await work(adapterOf({ ...database, held }))
    }),
  )
}

async function writeState(database: Database, changes: StateChanges, expected: StateChanges): Promise<boolean> {
  return await writing(database, async (client) => {
    await lockState(client)
    if ((await unexpectedState(client, expected)) !== undefined) return false
    await changeState(client, database, changes)
    return true
  })
}

/** Runs an operation on the tool's own table; whatever the driver throws becomes an error of ours. */
function explaining(database: Database): <Result>(doing: string, run: () => Promise<Result>) => Promise<Result> {
  return async (doing, run) => {
    try {
      return await run()
    } catch (error) {
      throw explain(error, { source: database.source, doing, grant: ownersStatements(database.role) })
    }
  }
}
