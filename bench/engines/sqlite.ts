/** SQLite: a file in the clone, by the client that the program uses. */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'libsql'
import { timed } from '../measured.ts'
import { rowAt, timeOfMark, type BenchRow } from '../rows.ts'
import type { Workbench } from '../workbench.ts'
import { TABLE, type BenchDatabase, type BenchEngine } from './engine.ts'

const CREATE = `CREATE TABLE ${TABLE} (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, username TEXT NOT NULL, ts TEXT NOT NULL,
  profit_usd REAL NOT NULL, profit_sol REAL NOT NULL, ticker TEXT NOT NULL, note TEXT, tags TEXT NOT NULL)`
const INSERT = `INSERT INTO ${TABLE} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** Where the file of a database is; its URL is relative to the clone. */
const files = new WeakMap<BenchDatabase, string>()

export async function openSqlite(workbench: Workbench): Promise<BenchEngine> {
  return {
    name: 'sqlite',
    empty: async (root) => {
      mkdirSync(path.join(root, 'data'), { recursive: true })
      return databaseAt(path.join(root, 'data/app.db'))
    },
    read: {
      words: 'SELECT * by the same client',
      run: (database) => opened(fileOf(database), (client) => timed(() => readAll(client, () => {}))),
    },
    dump: {
      words: 'VACUUM INTO a file',
      run: (database) => {
        const file = path.join(workbench.folder, 'dump')
        rmSync(file, { force: true })
        return opened(fileOf(database), (client) => timed(() => client.exec(`VACUUM INTO '${file}'`)))
      },
    },
    load: {
      words: 'prepared inserts in one transaction',
      run: async (database) => {
        const rows: unknown[][] = []
        await opened(fileOf(database), async (client) => readAll(client, (row) => rows.push(row)))
        const file = workbench.newPath('load')
        return opened(file, (client) => {
          client.exec(CREATE)
          return timed(() => insertAll(client, rows))
        })
      },
    },
  }
}

function databaseAt(file: string): BenchDatabase {
  const update = `UPDATE ${TABLE} SET profit_usd = ?, ts = ? WHERE id = ?`
  const change = (client: Database.Database, ids: readonly number[], mark: number): void => {
    const statement = client.prepare(update)
    const time = timeOfMark(mark).toISOString()
    inTransaction(client, () => ids.forEach((id) => statement.run([mark + 0.25, time, id])))
  }
  const database: BenchDatabase = {
    url: 'sqlite:data/app.db',
    fill: (rows) => opened(file, async (client) => insertAll(client, generated(rows))),
    change: (ids, mark) => opened(file, async (client) => change(client, ids, mark)),
    remove: (ids) =>
      opened(file, async (client) => void client.exec(`DELETE FROM ${TABLE} WHERE id IN (${ids.join(', ')})`)),
    count: (mark) =>
      opened(file, async (client) => {
        const where = mark === undefined ? '' : ` WHERE ts = '${timeOfMark(mark).toISOString()}'`
        const rows = client.prepare(`SELECT count(*) FROM ${TABLE}${where}`).raw().all([]) as unknown[][]
        return Number(rows[0]?.[0])
      }),
    rowByRow: (ids, mark) => opened(file, (client) => timed(() => change(client, ids, mark))),
  }
  files.set(database, file)
  const client = new Database(file)
  client.exec(CREATE)
  client.close()
  return database
}

function fileOf(database: BenchDatabase): string {
  return files.get(database) as string
}

function* generated(rows: number): Generator<unknown[]> {
  for (let id = 1; id <= rows; id++) yield valuesOf(rowAt(id))
}

function valuesOf(row: BenchRow): unknown[] {
  const { id, user_id, username, ts, profit_usd, profit_sol, ticker, note, tags } = row
  const numbers = [Number(profit_usd), Number(profit_sol)]
  return [id, user_id, username, ts.toISOString(), ...numbers, ticker, note, JSON.stringify(tags)]
}

function readAll(client: Database.Database, take: (row: unknown[]) => void): void {
  for (const row of client.prepare(`SELECT * FROM ${TABLE}`).raw().iterate([])) take(row as unknown[])
}

function insertAll(client: Database.Database, rows: Iterable<unknown[]>): void {
  const statement = client.prepare(INSERT)
  inTransaction(client, () => {
    for (const row of rows) statement.run(row)
  })
}

function inTransaction(client: Database.Database, work: () => void): void {
  client.exec('BEGIN')
  work()
  client.exec('COMMIT')
}

async function opened<Result>(file: string, work: (client: Database.Database) => Promise<Result>): Promise<Result> {
  const client = new Database(file, { timeout: 5000 })
  try {
    return await work(client)
  } finally {
    client.close()
  }
}
