/**
 * Opens an SQLite file through libsql and turns the driver's errors into ours. No other file knows the driver. It has two faults that the code here and in
 * values.ts works around: it aborts the process on text that is not UTF-8, and it creates a file that is missing.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { LockedError, TandemError, UndoneError, UnreachableError, UsageError } from '../../model/errors.ts'
import type { ConnectOptions } from '../adapter.ts'

/** What SQLite stores, as libsql binds and returns it: INTEGER is a bigint, REAL a number, TEXT a string, BLOB bytes. */
export type SqlValue = null | bigint | number | string | Uint8Array

/** The values of one row, in the order of the selected columns. */
export type SqlRow = readonly SqlValue[]

/** One open connection. Each SQL text is prepared once and kept; parameters and rows are arrays, in the order of the SQL text. */
export interface SqliteConnection {
  rows(sql: string, parameters?: readonly SqlValue[]): SqlRow[]
  /** Rows one after the other. When the caller leaves the loop early, the statement's read lock is released. */
  iterate(sql: string): Generator<SqlRow, void>
  /** Returns the number of rows changed. */
  run(sql: string, parameters?: readonly SqlValue[]): number
  exec(sql: string): void
  /** Prepares the SQL text and does not run it. */
  check(sql: string): void
  readonly inTransaction: boolean
  /** Rolls back the open transaction. Does nothing where SQLite has already done so by itself, as on a full disk. */
  rollBack(): void
  close(): void
}

/** A database file, and the name of its source for messages. */
export interface DatabaseFile {
  readonly path: string
  readonly source: string
  open(): SqliteConnection
}

/** The part of libsql's statements that is used here. */
interface LibsqlStatement {
  raw(): this
  all(parameters: readonly SqlValue[]): SqlRow[]
  iterate(parameters: readonly SqlValue[]): Iterator<SqlRow>
  run(parameters: readonly SqlValue[]): { readonly changes: number }
}

const BUSY_TIMEOUT_MS = 5000

/**
 * Checks that the file is an SQLite database, and loads the driver. A missing file is created only if `missing` says so, because SQLite itself would create an
 * empty database for a mistyped path.
 * @throws UnreachableError when there is no file, or it is not an SQLite database; LockedError when another program holds it locked for 5 seconds
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
    made.exec('VACUUM') // without a statement that writes, SQLite leaves the file at length 0
    made.close()
  }
  if (!pretended) requireFile(path, source)
  const open = (): SqliteConnection => {
    if (!pretended) requireFile(path, source)
    const database = new Database(pretended ? ':memory:' : path, {
      timeout: BUSY_TIMEOUT_MS,
    }) as unknown as LibsqlDatabase
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

/** The part of libsql's connections that is used here. */
interface LibsqlDatabase {
  readonly inTransaction: boolean
  prepare(sql: string): LibsqlStatement
  exec(sql: string): void
  interrupt(): void
  close(): void
  defaultSafeIntegers(on: boolean): void
}

function connectionOf(database: LibsqlDatabase): SqliteConnection {
  const readers = new Map<string, LibsqlStatement>()
  const writers = new Map<string, LibsqlStatement>()
  database.defaultSafeIntegers(true)
  // libsql switches the enforcement of foreign keys on, unlike SQLite itself. It must be off, because a cascade would delete rows that are not in the plan;
  // foreign-keys.ts checks instead.
  database.exec(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}; PRAGMA foreign_keys=OFF; PRAGMA recursive_triggers=OFF`)
  const reader = (sql: string): LibsqlStatement => readers.get(sql) ?? keep(readers, sql, database.prepare(sql).raw())
  const writer = (sql: string): LibsqlStatement => writers.get(sql) ?? keep(writers, sql, database.prepare(sql))
  return {
    rows: (sql, parameters = []) => reader(sql).all(parameters),
    iterate: (sql) => iterate(database, sql),
    run: (sql, parameters = []) => writer(sql).run(parameters).changes,
    exec: (sql) => {
      database.exec(sql)
    },
    check: (sql) => {
      database.prepare(sql)
    },
    get inTransaction() {
      return database.inTransaction
    },
    rollBack: () => {
      if (database.inTransaction) database.exec('ROLLBACK')
    },
    close: () => {
      // The driver never finalises statements, so after a mere close the transaction would live on and keep its lock.
      if (database.inTransaction) database.exec('ROLLBACK')
      readers.clear()
      writers.clear()
      database.close()
    },
  }
}

function keep(statements: Map<string, LibsqlStatement>, sql: string, statement: LibsqlStatement): LibsqlStatement {
  statements.set(sql, statement)
  return statement
}

function* iterate(database: LibsqlDatabase, sql: string): Generator<SqlRow, void> {
  const rows = database.prepare(sql).raw().iterate([])
  let finished = false
  try {
    for (let next = rows.next(); next.done !== true; next = rows.next()) yield next.value
    finished = true
  } finally {
    if (!finished) release(database, rows)
  }
}

/** The driver cannot close a running statement. An interrupted statement resets itself and gives up its lock. */
function release(database: LibsqlDatabase, rows: Iterator<SqlRow>): void {
  try {
    database.interrupt()
    while (rows.next().done !== true) continue
  } catch {
    // This is the error by which SQLite tells of the interruption.
  }
}

/** Runs `work` and returns its result. @throws what SQLite throws as one of our errors (see `errorFor`); our own errors as they are */
export function guarded<Result>(file: DatabaseFile, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw errorFor(file, error)
  }
}

/** Like `guarded`, for work that waits. */
export async function guardedAwaiting<Result>(file: DatabaseFile, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw errorFor(file, error)
  }
}

/** The code of an SQLite error (`SQLITE_CONSTRAINT_UNIQUE`), or undefined for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, rawCode } = error as { readonly code?: unknown; readonly rawCode?: unknown }
  if (typeof code !== 'string' || !/SQLITE_/.test(code)) return undefined
  // The driver does not know the name of the newer code 3091, with which STRICT tables refuse a value.
  return rawCode === 3091 ? 'SQLITE_CONSTRAINT_DATATYPE' : code
}

function requireFile(path: string, source: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined)
    throw new UnreachableError(`source ${source}: there is no SQLite database at ${path}`, {
      hint: 'create it first (run your migrations, start the program once, or: tandem init --create-schema), or correct the url (tandem init --source NAME=sqlite:PATH)',
    })
  if (!stats.isFile())
    throw new UnreachableError(`source ${source}: ${path} is not a file`, {
      hint: 'the url must name the SQLite database file itself',
    })
}

/** The error to throw for what the driver threw, by the family of the result code (https://www.sqlite.org/rescode.html). */
function errorFor(file: DatabaseFile, error: unknown): Error {
  if (error instanceof TandemError) return error
  const said = error instanceof Error ? error.message : String(error)
  // the driver's own words around a code that stands for no more than this
  const text = said.includes('ConnectionFailed') ? 'permission denied, or not a file' : said
  const at = `source ${file.source}: ${file.path}`
  const code = sqliteCode(error) ?? (said.includes('ConnectionFailed') ? 'SQLITE_CANTOPEN' : '')
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
 * Runs `work` in one transaction, which is committed if it returns and rolled back if it throws. IMMEDIATE takes the write lock at the start, so that nobody can
 * write between our reading and our writing (https://www.sqlite.org/lang_transaction.html). Inside an open transaction (`exclusively`), a savepoint does the same.
 */
export function immediately<Result>(connection: SqliteConnection, work: () => Result): Result {
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

/** Like `immediately`, for work that waits for what it writes. */
export async function immediatelyAwaiting<Result>(
  connection: SqliteConnection,
  work: () => Promise<Result>,
): Promise<Result> {
  const isInside = connection.inTransaction
  connection.exec(isInside ? 'SAVEPOINT tandem' : 'BEGIN IMMEDIATE')
  try {
    const result = await work()
    connection.exec(isInside ? 'RELEASE tandem' : 'COMMIT')
    return result
  } catch (error) {
    if (!isInside) connection.rollBack()
    else if (connection.inTransaction) connection.exec('ROLLBACK TO tandem; RELEASE tandem')
    throw error
  }
}

/** Like `immediately`, inside a transaction that the caller commits or rolls back. Savepoints of one name nest (https://www.sqlite.org/lang_savepoint.html). */
export function inSavepoint<Result>(connection: SqliteConnection, work: () => Result): Result {
  connection.exec('SAVEPOINT tandem')
  try {
    const result = work()
    connection.exec('RELEASE tandem')
    return result
  } catch (error) {
    // on some errors, such as a full disk, SQLite has already rolled back the whole transaction
    if (connection.inTransaction) connection.exec('ROLLBACK TO tandem; RELEASE tandem')
    throw error
  }
}
