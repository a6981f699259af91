/** A live SQLite database in the clone, as the examples have it: `data/app.db`, which git ignores. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { sqlOperations, textOf, type Engine, type LiveDatabase, type Row } from './live-database.ts'

const FIELDS =
  'username TEXT, user_id INTEGER, ticker TEXT, profit_usd REAL, profit_sol REAL, note TEXT, timestamp TEXT, updated_at TEXT'

const TABLES = [
  `CREATE TABLE traders (id TEXT PRIMARY KEY, ${FIELDS})`,
  'CREATE TABLE posts (id INTEGER PRIMARY KEY, author TEXT, title TEXT, updated_at TEXT)',
]

export const sqlite: Engine = {
  name: 'SQLite',
  tables: TABLES,
  key: 'id',
  local: false,
  create: async (root) => {
    mkdirSync(join(root, 'data'), { recursive: true })
    return openSqlite(join(root, 'data/app.db'), 'sqlite:data/app.db')
  },
}

/** A database that is there, or is made at the first statement. */
export function openSqlite(file: string, url: string): LiveDatabase {
  const run: LiveDatabase['run'] = async (...statements) => {
    const database = new Database(file, { timeout: 5000 })
    try {
      return statements.map((statement) => rowsOf(database, statement)).at(-1) ?? []
    } finally {
      database.close()
    }
  }
  return { url, ...sqlOperations(run), drop: async () => undefined }
}

function rowsOf(database: Database.Database, statement: string): Row[] {
  if (!/^\s*(select|pragma|with)\b/i.test(statement)) {
    database.exec(statement)
    return []
  }
  const rows = database.prepare(statement).all([]) as Record<string, unknown>[]
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textOf(value)])))
}

/** Locks a database file against everybody, as a program does in the middle of a write; the answer takes the lock away. */
export function lockSqlite(file: string): () => void {
  const database = new Database(file, { timeout: 5000 })
  database.exec('BEGIN EXCLUSIVE')
  return () => {
    database.exec('ROLLBACK')
    database.close()
  }
}
