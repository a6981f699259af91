/** SQLite databases for tests: a file of its own for each, and statements run by another client than the adapter. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'

/** A database file in a folder of its own. */
export interface SqliteFile {
  readonly folder: string
  readonly path: string
  /** Runs statements one after the other on a connection of their own. */
  readonly run: (statements: readonly string[]) => void
  /** The rows of a query, each an array; integers are bigints. Never select text that is not UTF-8: the driver aborts. */
  readonly rows: (sql: string) => readonly (readonly unknown[])[]
  readonly remove: () => void
}

/** Creates an empty database; `setup` runs first, for pragmas that must come before any table. */
export function createSqlite(setup: readonly string[] = ['PRAGMA journal_mode=WAL']): SqliteFile {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-sqlite-'))
  const path = join(folder, 'app.db')
  const run = (statements: readonly string[]): void => {
    withDatabase(path, (database) => {
      for (const statement of statements) database.exec(statement)
    })
  }
  run([...setup, 'CREATE TABLE first (a)', 'DROP TABLE first'])
  return {
    folder,
    path,
    run,
    rows: (sql) => withDatabase(path, (database) => database.prepare(sql).raw().all([]) as unknown[][]),
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function withDatabase<Result>(path: string, work: (database: Database.Database) => Result): Result {
  const database = new Database(path, { timeout: 5000 })
  database.defaultSafeIntegers(true)
  try {
    return work(database)
  } finally {
    database.close()
  }
}
