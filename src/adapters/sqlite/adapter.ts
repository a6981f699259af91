/**
 * The SQLite adapter: each operation of the contract, on a connection of its own. Opening the file takes well under a millisecond. In return nothing stays locked
 * between two calls, and a database file that was replaced meanwhile is read anew.
 */
import { isAbsolute, relative } from 'node:path'
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import type { Adapter, ConnectOptions } from '../adapter.ts'
import { applyPlan } from './apply.ts'
import { type SqliteConnection, type DatabaseFile, guarded, guardedAwaiting, openFile } from './connect.ts'
import { literalDefaults } from './defaults.ts'
import { describeDatabase } from './describe.ts'
import { equalRecords } from './equal-records.ts'
import { equalValues } from './equal-values.ts'
import { nextKeys } from './keys.ts'
import { ownKeys } from './own-keys.ts'
import { withSnapshot } from './snapshot.ts'
import { dropState, readState, writeState } from './state.ts'
import { statementsFor } from './structure.ts'
import { triggerEffects } from './trigger-effects.ts'

/**
 * Connects to the SQLite file at an absolute `path`. A missing file is an error unless `options.missing` says what to do.
 * @throws UnreachableError when there is no such file, or it is not an SQLite database; LockedError when it stays locked for 5 seconds
 */
export async function connectSqlite(path: string, options: ConnectOptions): Promise<Adapter> {
  const file = await openFile(path, options)
  const adapter: Adapter = {
    engine: 'sqlite',
    capabilities: { transactions: true, declaredFields: true, loads: true, concurrentSnapshot: true },
    describe: async () => using(file, (connection) => describeDatabase(connection, shownPath(path, options.root))),
    snapshot: async (read) => withSnapshot(file, read),
    apply: async (plan) => apply(file, plan),
    statements: async (changes) => ({ ahead: [], within: statementsFor(changes) }),
    defaults: async (schema) => using(file, (connection) => literalDefaults(connection, schema)),
    triggers: async () => using(file, triggerEffects),
    ownKeys: async (selections) => using(file, (connection) => ownKeys(connection, selections)),
    equalRecords: async (question) => using(file, (connection) => equalRecords(connection, question)),
    equalValues: async (question) => using(file, (connection) => equalValues(connection, question)),
    exclusively: async (_collections, work) => exclusively(file, adapter, work),
    readState: async () => using(file, readState),
    writeState: async (changes, expected) => using(file, (connection) => writeState(connection, changes, expected)),
    nextKeys: async (schema, count, above) =>
      using(file, (connection) => nextKeys(connection, schema, { count, above })),
    dropState: async () => {
      using(file, dropState)
    },
    close: async () => {},
  }
  return adapter
}

async function apply(file: DatabaseFile, plan: ApplyPlan): Promise<ApplyOutcome> {
  const connection = guarded(file, () => file.open())
  try {
    return await guardedAwaiting(file, () => applyPlan(connection, plan))
  } finally {
    connection.close()
  }
}

/** See `Adapter.exclusively`. SQLite has one writer at a time, so an open write transaction keeps all other writers out. */
async function exclusively<Result>(
  file: DatabaseFile,
  adapter: Adapter,
  work: (adapter: Adapter) => Promise<Result>,
): Promise<Result> {
  const connection = guarded(file, () => file.open())
  try {
    guarded(file, () => connection.exec('BEGIN IMMEDIATE'))
    const result = await work({
      ...adapter,
      apply: async (plan) => guardedAwaiting(file, () => applyPlan(connection, plan)),
      writeState: async (changes, expected) => guarded(file, () => writeState(connection, changes, expected)),
      nextKeys: async (schema, count, above) => guarded(file, () => nextKeys(connection, schema, { count, above })),
    })
    guarded(file, () => connection.exec('COMMIT'))
    return result
  } finally {
    connection.close() // rolls back what was not committed
  }
}

/** Runs `work` on a new connection, which is closed afterwards. */
function using<Result>(file: DatabaseFile, work: (connection: SqliteConnection) => Result): Result {
  return guarded(file, () => {
    const connection = file.open()
    try {
      return work(connection)
    } finally {
      connection.close()
    }
  })
}

/** The path to show to people: relative to the repository if the file lies inside it. */
function shownPath(path: string, root: string): string {
  const short = relative(root, path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}
