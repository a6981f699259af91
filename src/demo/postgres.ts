/** The demo's PostgreSQL: one database for each machine, on the server of POSTGRES_TEST_URI or on one that the demo starts. */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { UnreachableError } from '../model/errors.ts'
import { type DemoDatabase, type DemoServer, databaseName, urlOfDatabase } from './database.ts'
import { type StartedServer, startPostgres } from './postgres-server.ts'
import { type Statement, selectByName, statementsOf, traderOf } from './sql.ts'

const TABLE = `CREATE TABLE traders (
  id serial PRIMARY KEY,
  user_id bigint NOT NULL,
  username text NOT NULL,
  timestamp timestamptz NOT NULL,
  profit_usd numeric(18, 2) NOT NULL,
  profit_sol numeric(18, 9) NOT NULL,
  ticker text NOT NULL,
  wins integer NOT NULL,
  note text
)`

const CONNECT_MS = 5_000

/** See `Parameter` of sql.ts. */
const parameter = (n: number): string => `$${n}`

/**
 * Uses the server of `uri`, or without one starts a server with its data in `folder`.
 * @throws UnreachableError when the server does not answer or start; UsageError when this machine has no PostgreSQL to start
 */
export async function postgresServer(uri: string | undefined, folder: string): Promise<DemoServer> {
  const given = uri === undefined || uri === '' ? undefined : uri
  const started = given === undefined ? await startPostgres(folder) : undefined
  const server = given ?? (started as StartedServer).uri
  const run = randomBytes(4).toString('hex')
  const made: string[] = []
  return {
    name: `PostgreSQL ${await versionOf(server)}`,
    database: async (machine) => {
      const name = databaseName(run, machine)
      await query(server, [{ text: `CREATE DATABASE ${name}`, values: [] }])
      made.push(name)
      return databaseAt(urlOfDatabase(server, name))
    },
    close: async ({ keep }) => {
      if (started === undefined && !keep)
        for (const name of made) await query(server, [{ text: `DROP DATABASE ${name}`, values: [] }])
      await started?.stop()
    },
  }
}

function databaseAt(url: string): DemoDatabase {
  return {
    url,
    create: async () => void (await query(url, [{ text: TABLE, values: [] }])),
    edit: async (edits) => void (await query(url, statementsOf(edits, parameter))),
    find: async (usernames) => (await query(url, [selectByName(usernames, parameter)])).map(traderOf),
    count: async () =>
      Number((await query(url, [{ text: 'SELECT count(*) AS n FROM traders', values: [] }]))[0]?.['n']),
  }
}

async function versionOf(server: string): Promise<string> {
  try {
    const [row] = await query(server, [{ text: 'SHOW server_version', values: [] }])
    return String(row?.['server_version']).split(' ')[0] as string
  } catch (error) {
    throw new UnreachableError(`the server of POSTGRES_TEST_URI does not answer: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Runs statements on a new connection and returns the rows of the last one. */
async function query(url: string, statements: readonly Statement[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const { text, values } of statements)
      rows = (await client.query<Record<string, unknown>>(text, [...values])).rows
    return rows
  } finally {
    await client.end()
  }
}
