/**
 * A program that uses a live database while it is being merged: a process of its own that counts up one field of shared records, and inserts and deletes records of
 * its own, until its standard input ends (a line on it begins a cycle). Then it prints what it has written, so that every lost write can be told. `process.ts URL FIELD PREFIX PAUSE_MS`
 */
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'libsql'
import { Client } from 'pg'

/** What a writer has committed. */
export interface Written {
  /** Shared record → how often its field was counted up. */
  readonly counts: Readonly<Record<string, number>>
  /** Its own records that it has not deleted again. */
  readonly own: readonly string[]
  readonly transactions: number
  /** Transactions that the database made it repeat (deadlock, busy). */
  readonly repeated: number
}

/** One transaction, and what to remember when it is committed. */
interface Work {
  readonly statements: readonly string[]
  readonly done: () => void
}

interface Session {
  run(statements: readonly string[]): Promise<void>
  close(): Promise<void>
}

const SHARED = 20

function sqliteSession(file: string): Session {
  const database = new Database(file, { timeout: 5000 })
  const run: Session['run'] = async (statements) => {
    database.exec('BEGIN IMMEDIATE')
    for (const statement of statements) database.exec(statement)
    database.exec('COMMIT')
  }
  return { run, close: async () => void database.close() }
}

async function postgresSession(url: string): Promise<Session> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const run: Session['run'] = async (statements) => {
    await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`).catch(async (error: unknown) => {
      await client.query('ROLLBACK')
      throw error
    })
  }
  return { run, close: () => client.end() }
}

/** What a database asks every program to do again: deadlocks, serialisation failures, lock timeouts. */
function isRepeatable(error: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes((error as { code?: string }).code ?? '')
}

const [url = '', field = '', prefix = '', pause = '5'] = process.argv.slice(2)
const session = url.startsWith('postgres') ? await postgresSession(url) : sqliteSession(url)
const counts: Record<string, number> = {}
const own: string[] = []
let transactions = 0
let repeated = 0
const ending = new AbortController()
process.stdin.on('end', () => ending.abort()).resume()

/** Two shared records in one transaction, in any order: that is what deadlocks are made of. */
function countUp(turn: number): Work {
  const ids = [turn % SHARED, (turn * 7 + 3) % SHARED].map((i) => `trader-${String(i + 1).padStart(4, '0')}`)
  return {
    statements: ids.map((id) => `UPDATE traders SET ${field} = ${field} + 1 WHERE id = '${id}'`),
    done: () => ids.forEach((id) => (counts[id] = (counts[id] ?? 0) + 1)),
  }
}

/** So many deletes between two cycles are fewer than the guard asks about, however long a cycle takes. */
const DELETES = 6
let deletes = DELETES
process.stdin.on('data', () => (deletes = DELETES))

const OWN_EVERY_MS = 500
let nextOwn = Date.now()
let born = 0

function insertOwn(turn: number): Work {
  const id = `${prefix}-${turn}`
  const old = ++born % 4 === 0 && deletes-- > 0 ? own[0] : undefined
  nextOwn = Date.now() + OWN_EVERY_MS
  const insert = `INSERT INTO traders (id, username, user_id, profit_usd) VALUES ('${id}', '${prefix}', 0, 0)`
  return {
    statements: old === undefined ? [insert] : [insert, `DELETE FROM traders WHERE id = '${old}'`],
    done: () => {
      if (old !== undefined) own.shift()
      own.push(id)
    },
  }
}

for (let turn = 0; !ending.signal.aborted; turn++) {
  const { statements, done } = Date.now() >= nextOwn ? insertOwn(turn) : countUp(turn)
  for (;;) {
    try {
      await session.run(statements)
      break
    } catch (error) {
      if (!isRepeatable(error)) throw error
      repeated++
    }
  }
  done()
  transactions++
  await sleep(Number(pause))
}
await session.close()
process.stdout.write(JSON.stringify({ counts, own, transactions, repeated } satisfies Written))
