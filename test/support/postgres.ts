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

/** A database that a test made for itself. */
export interface CreatedDatabase {
  readonly uri: string
  /** Closes whatever is still connected to it, and removes it. */
  drop(): Promise<void>
}

/** A new, empty database on a server, for one test, in the server's encoding or another. */
export function createDatabase(uri: string, encoding?: string): Promise<CreatedDatabase> {
  const encoded = encoding === undefined ? '' : ` ENCODING '${encoding}' LOCALE 'C' LOCALE_PROVIDER libc`
  return createFrom(uri, `template0${encoded}`)
}

/** Puts a copy of a database aside, to which nobody may be connected. */
export async function putAside(uri: string, of: string): Promise<PutAside> {
  const name = new URL(of).pathname.slice(1)
  const aside = await createFrom(uri, name)
  const restore = async (): Promise<void> => {
    await dropDatabase(uri, name)
    await execute(uri, `CREATE DATABASE ${name} TEMPLATE ${new URL(aside.uri).pathname.slice(1)}`)
  }
  return { restore, drop: () => aside.drop() }
}

export interface PutAside {
  /** Makes the database again as it was when it was put aside. */
  restore(): Promise<void>
  /** Removes what was put aside, and not the database. */
  drop(): Promise<void>
}

async function createFrom(uri: string, template: string): Promise<CreatedDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(uri, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  return { uri: withDatabase(uri, name), drop: () => dropDatabase(uri, name) }
}

function dropDatabase(uri: string, name: string): Promise<void> {
  return execute(uri, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
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
