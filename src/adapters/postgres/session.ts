/**
 * Transactions with pinned settings. Everything set here is local to the transaction, so that nothing depends on the role's or the server's settings, nothing
 * outlives it, and a transaction pooler between us and the server does no harm.
 */
import type { PoolClient } from 'pg'
import { TandemError, UnreachableError } from '../../model/errors.ts'
import type { Database } from './connect.ts'

export type Connection = PoolClient

/** Whatever changes how a value is written or read, and what could end a long transaction. */
const PINNED: readonly (readonly [setting: string, value: string])[] = [
  ['client_encoding', 'UTF8'],
  ['datestyle', 'ISO, YMD'],
  ['timezone', 'UTC'],
  ['intervalstyle', 'postgres'],
  ['extra_float_digits', '3'],
  ['bytea_output', 'hex'],
  ['lc_monetary', 'C'],
  ['xmlbinary', 'base64'],
  ['xmloption', 'content'],
  ['search_path', 'pg_catalog'],
  ['quote_all_identifiers', 'off'],
  ['row_security', 'off'], // an error instead of silently missing rows
  ['synchronize_seqscans', 'off'],
  ['standard_conforming_strings', 'on'],
  ['array_nulls', 'on'],
  ['statement_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['jit', 'off'], // compiling costs more than these statements take
]

/** Runs `body` on one consistent moment of the database, read-only. */
export async function reading<Result>(
  database: Database,
  body: (client: Connection) => Promise<Result>,
): Promise<Result> {
  return await transaction(database, { begin: 'ISOLATION LEVEL REPEATABLE READ READ ONLY', settings: PINNED, body })
}

/** Runs `body` in a transaction that writes; every wait for a lock ends after 5 s with SQLSTATE 55P03. */
export async function writing<Result>(
  database: Database,
  body: (client: Connection) => Promise<Result>,
): Promise<Result> {
  if (database.held !== undefined) return await within(database.held, body)
  const settings = [...PINNED, ['lock_timeout', '5s'] as const]
  return await transaction(database, { begin: 'ISOLATION LEVEL READ COMMITTED READ WRITE', settings, body })
}

/**
 * Runs `body` with the path that the user's own sessions have: checks, domains and casts of theirs may call functions that look up names on it. Everywhere else
 * the path is pinned, because the text of some values depends on it. After an error the transaction or savepoint is to be rolled back, which restores it.
 */
export async function withSearchPath<Result>(
  client: Connection,
  path: string,
  body: () => Promise<Result>,
): Promise<Result> {
  const set = `SELECT pg_catalog.set_config('search_path', $1, true)`
  await client.query(set, [path])
  const result = await body()
  await client.query(set, ['pg_catalog'])
  return result
}

/** Thrown inside `writing` to roll back and yet return a result. */
export class Rollback<Result> extends Error {
  readonly result: Result

  constructor(result: Result) {
    super('rolled back on purpose')
    this.result = result
  }
}

/** Runs `body` so that a failure in it leaves the transaction usable. */
export async function inSavepoint<Result>(client: Connection, body: () => Promise<Result>): Promise<Result> {
  await client.query('SAVEPOINT tandem')
  try {
    const result = await body()
    await client.query('RELEASE SAVEPOINT tandem')
    return result
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT tandem').catch(() => {}) // the connection is gone: told by whoever uses it next
    throw error
  }
}

/** The same inside a transaction that is somebody else's to end. */
async function within<Result>(client: Connection, body: (client: Connection) => Promise<Result>): Promise<Result> {
  try {
    return await inSavepoint(client, () => body(client))
  } catch (error) {
    if (error instanceof Rollback) return error.result as Result
    throw error
  }
}

interface Transaction<Result> {
  readonly begin: string
  readonly settings: readonly (readonly [string, string])[]
  readonly body: (client: Connection) => Promise<Result>
}

async function transaction<Result>(
  database: Database,
  { begin, settings, body }: Transaction<Result>,
): Promise<Result> {
  const client = await database.connect()
  let lost: Error | undefined
  const onLost = (error: Error): void => void (lost ??= error)
  client.on('error', onLost)
  try {
    await client.query(`BEGIN ${begin}; SELECT ${settings.map(setConfig).join(', ')}`)
    const result = await body(client)
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back') // what COMMIT then does, without an error
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(onLost)
    if (error instanceof Rollback) return error.result as Result
    throw lost === undefined || error instanceof TandemError ? error : connectionLost(database, lost)
  } finally {
    client.off('error', onLost)
    client.release(lost)
  }
}

function connectionLost({ source }: Database, cause: Error): UnreachableError {
  return new UnreachableError(`${source}: the connection to PostgreSQL was lost`, { hint: 'try again', cause })
}

function setConfig([setting, value]: readonly [string, string]): string {
  return `pg_catalog.set_config('${setting}', '${value}', true)`
}
