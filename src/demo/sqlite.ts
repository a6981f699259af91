/** The demo's SQLite: one database file in each clone. */
import Database from 'libsql'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { DemoDatabase, DemoServer } from './database.ts'
import { SQLITE_FILE } from './project.ts'
import { type Statement, selectByName, statementsOf, traderOf } from './sql.ts'

const TABLE = `CREATE TABLE traders (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL,
  username TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  profit_usd REAL NOT NULL,
  profit_sol REAL NOT NULL,
  ticker TEXT NOT NULL,
  wins INTEGER NOT NULL,
  note TEXT
)`

/** See `Parameter` of sql.ts. */
const parameter = (): string => '?'

/** SQLite has no server, so this only makes files. */
export function sqliteServer(): DemoServer {
  return {
    name: 'SQLite',
    database: async (_machine, folder) => {
      const file = path.join(folder, SQLITE_FILE)
      await mkdir(path.dirname(file), { recursive: true })
      return databaseAt(file)
    },
    close: async () => undefined,
  }
}

function databaseAt(file: string): DemoDatabase {
  return {
    url: `sqlite:${SQLITE_FILE}`,
    create: async () => void run(file, [{ text: TABLE, values: [] }]),
    edit: async (edits) => void run(file, statementsOf(edits, parameter)),
    find: async (usernames) => run(file, [selectByName(usernames, parameter)]).map(traderOf),
    count: async () => Number(run(file, [{ text: 'SELECT count(*) AS n FROM traders', values: [] }])[0]?.['n']),
  }
}

/** Runs statements in one transaction and returns the rows of the queries among them. */
function run(file: string, statements: readonly Statement[]): Record<string, unknown>[] {
  const database = new Database(file, { timeout: 5000 })
  try {
    const rows: Record<string, unknown>[] = []
    database.transaction(() => {
      for (const { text, values } of statements) {
        const prepared = database.prepare(text)
        if (text.startsWith('SELECT')) rows.push(...(prepared.all(...values) as Record<string, unknown>[]))
        else prepared.run(...values)
      }
    })()
    return rows
  } finally {
    database.close()
  }
}
