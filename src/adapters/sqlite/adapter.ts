/**
 * SQLite's fulfilment of the adapter contract. Every call opens the file anew (it takes well under a millisecond), so nothing is locked or half-read
 * between calls, and a database that was replaced meanwhile is noticed.
 */
import { isAbsolute, relative } from 'node:path'
import type { Adapter, ConnectOptions } from '../adapter.ts'
import { applyPlan } from './apply.ts'
import { guarded, openFile } from './connect.ts'
import type { Connection, DatabaseFile } from './connect.ts'
import { literalDefaults } from './defaults.ts'
import { describeDatabase } from './describe.ts'
import { nextKeys } from './keys.ts'
import { withSnapshot } from './snapshot.ts'
import { dropState, readState, writeState } from './state.ts'
import { statementsFor } from './structure.ts'

/**
 * Connects to the SQLite file at an absolute `path`, which must exist.
 * @throws UnreachableError when it does not, or is no database; LockedError when it stays locked for 5 seconds
 */
export async function connectSqlite(path: string, options: ConnectOptions): Promise<Adapter> {
  const file = await openFile(path, options)
  const adapter: Adapter = {
    engine: 'sqlite',
    capabilities: { transactions: true, declaredFields: true, concurrentSnapshot: true },
    describe: async () => using(file, (connection) => describeDatabase(connection, shownPath(path, options.root))),
    snapshot: async (read) => withSnapshot(file, read),
    apply: async (plan) => using(file, (connection) => applyPlan(connection, plan)),
    statements: async (changes) => ({ ahead: [], within: statementsFor(changes) }),
    defaults: async (schema) => using(file, (connection) => literalDefaults(connection, schema)),
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

/** SQLite has one writer at a time: whoever began to write keeps the others waiting. */
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
      apply: async (plan) => guarded(file, () => applyPlan(connection, plan)),
      writeState: async (changes, expected) => guarded(file, () => writeState(connection, changes, expected)),
      nextKeys: async (schema, count, above) => guarded(file, () => nextKeys(connection, schema, { count, above })),
    })
    guarded(file, () => connection.exec('COMMIT'))
    return result
  } finally {
    connection.close() // rolls back what was not committed
  }
}

function using<Result>(file: DatabaseFile, work: (connection: Connection) => Result): Result {
  return guarded(file, () => {
    const connection = file.open()
    try {
      return work(connection)
    } finally {
      connection.close()
    }
  })
}

/** Relative to the repository where the file lies inside it. */
function shownPath(path: string, root: string): string {
  const short = relative(root, path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}
