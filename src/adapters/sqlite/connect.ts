/**
 * Opens an SQLite file through libsql and turns the driver's errors into ours. The only file that knows the driver, so that its quirks stay in one place:
 * it aborts the process on text that is not UTF-8 (values.ts therefore never selects text as text), and it would create a missing file.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { LockedError, TandemError, UndoneError, UnreachableError, UsageError } from '../../model/errors.ts'
import type { ConnectOptions } from '../adapter.ts'

/** What SQLite stores, as libsql binds and returns it: INTEGER is a bigint, REAL a number, TEXT a string, BLOB bytes. */
export type SqlValue = null | bigint | number | string | Uint8Array
export type SqlRow = readonly SqlValue[]

/** One open connection. Statements are prepared once and kept; parameters and rows are arrays. */
export interface Connection {
  rows(sql: string, parameters?: readonly SqlValue[]): SqlRow[]
  /** Rows one after the other; leaving the loop early releases the statement's lock. */
  iterate(sql: string): Generator<SqlRow, void>
  /** Returns the number of rows changed. */
  run(sql: string, parameters?: readonly SqlValue[]): number
  exec(sql: string): void
  readonly inTransaction: boolean
  /** Does nothing where some error (disk full, …) has rolled back already. */
  rollBack(): void
  close(): void
}

/** A database file and how it is called in messages. */
export interface DatabaseFile {
  readonly path: string
  readonly source: string
  open(): Connection
}

interface Statement {
  raw(): this
  all(parameters: readonly SqlValue[]): SqlRow[]
  iterate(parameters: readonly SqlValue[]): Iterator<SqlRow>
  run(parameters: readonly SqlValue[]): { readonly changes: number }
}

const BUSY_TIMEOUT_MS = 5000

/**
 * Checks the file and loads the driver. Nothing is created unless `missing` says so: SQLite itself would make an empty database of a mistyped path.
 * @throws UnreachableError when there is no file, or it is no SQLite database
 */
export async function openFile(
  path: string,
  { source, missing }: Pick<ConnectOptions, 'source' | 'missing'>,
): Promise<DatabaseFile> {
  const isMissing = statSync(path, { throwIfNoEntry: false }) === undefined
  const pretended = isMissing && missing === 'pretend'
  const { default: Database } = await import('libsql')
  if (isMissing && missing === 'create') {
    mkdirSync(dirname(path), { recursive: true })
    const made = new Database(path)
    made.exec('VACUUM') // an empty database is written only when something asks for it
    made.close()
  }
  if (!pretended) requireFile(path, source)
  const open = (): Connection => {
    if (!pretended) requireFile(path, source)
    const database = new Database(pretended ? ':memory:' : path, { timeout: BUSY_TIMEOUT_MS }) as unknown as Driver
    return connectionOf(database)
  }
  const file: DatabaseFile = { path, source, open }
  guarded(file, () => {
    const probe = open()
    try {
      probe.rows('SELECT count(*) FROM sqlite_master')
    } finally {
      probe.close()
    }
  })
  return file
}

interface Driver {
  readonly inTransaction: boolean
  prepare(sql: string): Statement
  exec(sql: string): void
  interrupt(): void
  close(): void
  defaultSafeIntegers(on: boolean): void
}

function connectionOf(database: Driver): Connection {
  const readers = new Map<string, Statement>()
  const writers = new Map<string, Statement>()
  database.defaultSafeIntegers(true)
  // Cascades must never take rows by themselves; foreign-keys.ts checks instead. libsql switches enforcement on by default.
  database.exec(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}; PRAGMA foreign_keys=OFF; PRAGMA recursive_triggers=OFF`)
  const reader = (sql: string): Statement => readers.get(sql) ?? keep(readers, sql, database.prepare(sql).raw())
  const writer = (sql: string): Statement => writers.get(sql) ?? keep(writers, sql, database.prepare(sql))
  return {
    rows: (sql, parameters = []) => reader(sql).all(parameters),
    iterate: (sql) => iterate(database, sql),
    run: (sql, parameters = []) => writer(sql).run(parameters).changes,
    exec: (sql) => {
      database.exec(sql)
    },
    get inTransaction() {
      return database.inTransaction
    },
    rollBack: () => {
      if (database.inTransaction) database.exec('ROLLBACK')
    },
    close: () => {
      // The driver never finalises statements, so closing alone would keep a transaction, and its lock, alive.
      if (database.inTransaction) database.exec('ROLLBACK')
      readers.clear()
      writers.clear()
      database.close()
    },
  }
}

function keep(statements: Map<string, Statement>, sql: string, statement: Statement): Statement {
  statements.set(sql, statement)
  return statement
}

function* iterate(database: Driver, sql: string): Generator<SqlRow, void> {
  const rows = database.prepare(sql).raw().iterate([])
  let finished = false
  try {
    for (let next = rows.next(); next.done !== true; next = rows.next()) yield next.value
    finished = true
  } finally {
    if (!finished) release(database, rows)
  }
}

/** The driver has no way to close a running statement; an interrupted one resets itself and gives up its lock. */
function release(database: Driver, rows: Iterator<SqlRow>): void {
  try {
    database.interrupt()
    while (rows.next().done !== true) continue
  } catch {
    // The interruption itself.
  }
}

/** Runs `work` and turns what SQLite throws into errors for people; our own pass through. */
export function guarded<Result>(file: DatabaseFile, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw errorFor(file, error)
  }
}

/** The code of an SQLite error (`SQLITE_CONSTRAINT_UNIQUE`), or undefined for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, rawCode } = error as { readonly code?: unknown; readonly rawCode?: unknown }
  if (typeof code !== 'string' || !/SQLITE_/.test(code)) return undefined
  // The driver does not know the newer codes by name: STRICT tables refuse a value with 3091.
  return rawCode === 3091 ? 'SQLITE_CONSTRAINT_DATATYPE' : code
}

function requireFile(path: string, source: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined)
    throw new UnreachableError(`source ${source}: there is no SQLite database at ${path}`, {
      hint: 'create it first (run your migrations, start the program once, or: tandem init --create-schema), or correct the url',
    })
  if (!stats.isFile())
    throw new UnreachableError(`source ${source}: ${path} is not a file`, {
      hint: 'the url must name the SQLite database file itself',
    })
}

/** What each family of SQLite result codes means to a person (https://www.sqlite.org/rescode.html). */
function errorFor(file: DatabaseFile, error: unknown): Error {
  if (error instanceof TandemError) return error
  const text = error instanceof Error ? error.message : String(error)
  const at = `source ${file.source}: ${file.path}`
  const code = sqliteCode(error) ?? (text.includes('ConnectionFailed') ? 'SQLITE_CANTOPEN' : '')
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new LockedError(`${at} is locked by another program`, {
      hint: 'try again when the other transaction has ended',
      cause: error,
    })
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return new UnreachableError(`${at} is not a readable SQLite database: ${text}`, {
      hint: 'check the file with "PRAGMA integrity_check", or correct the url; encrypted databases are not supported',
      cause: error,
    })
  if (/^SQLITE_(CANTOPEN|PERM|READONLY|AUTH)/.test(code))
    return new UnreachableError(`${at} cannot be opened or written: ${text}`, {
      hint: 'SQLite needs to read and write the file and its folder; check their permissions',
      cause: error,
    })
  if (/^SQLITE_(FULL|IOERR|NOMEM|TOOBIG)/.test(code))
    return new UndoneError(`${at}: ${text}; nothing was changed`, { hint: 'check the disk', cause: error })
  if (sqliteCode(error) !== undefined)
    return new UsageError(`${at}: ${text}`, {
      hint: 'SQLite refused the statement; nothing was changed',
      cause: error,
    })
  return error instanceof Error ? error : new Error(text)
}

/**
 * Runs `work` in one transaction: committed if it returns, rolled back if it throws. IMMEDIATE takes the write lock at once, so nobody writes between
 * reading and writing (https://www.sqlite.org/lang_transaction.html).
 */
export function immediately<Result>(connection: Connection, work: () => Result): Result {
  if (connection.inTransaction) return inSavepoint(connection, work)
  connection.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    connection.exec('COMMIT')
    return result
  } catch (error) {
    connection.rollBack()
    throw error
  }
}

/** The same inside a transaction that is somebody else's to end. */
function inSavepoint<Result>(connection: Connection, work: () => Result): Result {
  connection.exec('SAVEPOINT tandem')
  try {
    const result = work()
    connection.exec('RELEASE tandem')
    return result
  } catch (error) {
    // some errors (disk full, …) have rolled back everything already
    if (connection.inTransaction) connection.exec('ROLLBACK TO tandem; RELEASE tandem')
    throw error
  }
}
