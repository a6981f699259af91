/** What tests do to a PostgreSQL server that is there: a database of their own, and statements as a user's program would run them. */
import { randomBytes } from 'node:crypto'
import { Client, type QueryResult } from 'pg'

/** A server that tests may use (`inject('postgres')`). */
export interface PostgresServer {
  readonly name: string
  /** Its maintenance database, as superuser. */
  readonly uri: string
  /** `server_version_num`: 150018. */
  readonly version: number
}

/** A new, empty database on a server, for one test; `drop` closes whatever is still connected to it. */
export async function createDatabase(uri: string): Promise<{ uri: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(uri, `CREATE DATABASE ${name} TEMPLATE template0`)
  return { uri: withDatabase(uri, name), drop: () => execute(uri, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

/** The same server, another database. */
export function withDatabase(uri: string, name: string): string {
  const url = new URL(uri)
  url.pathname = `/${name}`
  return url.href
}

/** Runs statements on a connection of their own, as a user's program would. */
export async function execute(uri: string, sql: string): Promise<void> {
  await query(uri, sql)
}

/** The rows of the last statement, every value as the server's text. */
export async function query(uri: string, sql: string): Promise<Record<string, string | null>[]> {
  const client = new Client({
    connectionString: uri,
    types: { getTypeParser: () => (text: unknown) => text as string },
  })
  await client.connect()
  try {
    const answer = (await client.query(sql)) as unknown as QueryResult | QueryResult[]
    const last = Array.isArray(answer) ? answer.at(-1) : answer
    return (last?.rows ?? []) as Record<string, string | null>[]
  } finally {
    await client.end()
  }
}
