/**
 * Transactions with fixed settings, so that nothing depends on those of the role or the server. Each setting is local to the transaction: it ends with it, which is
 * also what a transaction pooler between us and the server needs.
 */
import type { PoolClient } from 'pg'
import { TandemError, UnreachableError } from '../../model/errors.ts'
import { RefusedPlan } from '../refused-plan.ts'
import type { Database } from './connect.ts'

/** A connection with one of these transactions open on it. */
export type PgClient = PoolClient

/** The settings that change how a value is written or read as text, and those that could end a long transaction. */
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
  ['row_security', 'off'], // where row-level security would hide rows, the server then raises an error instead
  ['synchronize_seqscans', 'off'],
  ['standard_conforming_strings', 'on'],
  ['array_nulls', 'on'],
  ['statement_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['jit', 'off'], // compiling takes longer than running these statements
]

/** Runs `body` in a read-only transaction that shows one moment of the database, and returns its result. */
export async function reading<Result>(
  database: Database,
  body: (client: PgClient) => Promise<Result>,
): Promise<Result> {
  return await transaction(database, { begin: 'ISOLATION LEVEL REPEATABLE READ READ ONLY', settings: PINNED, body })
}

/**
 * Runs `body` in a transaction that is committed if it returns and rolled back if it throws; inside `exclusively`, in a savepoint of the transaction held there.
 * @throws SQLSTATE 55P03 when a lock was not to be had for 5 seconds; UnreachableError when the connection was lost
 */
export async function writing<Result>(
  database: Database,
  body: (client: PgClient) => Promise<Result>,
): Promise<Result> {
  const { held } = database
  if (held !== undefined) return await inSavepoint(held, () => body(held))
  const settings = [...PINNED, ['lock_timeout', '5s'] as const]
  return await transaction(database, { begin: 'ISOLATION LEVEL READ COMMITTED READ WRITE', settings, body })
}

/**
 * Runs `body` with the search path of the user's own sessions, because the user's checks, domains and casts may call functions that find names through it. Elsewhere
 * the path is fixed, since the text of some values depends on it. When `body` throws, the caller must roll back, which also restores the fixed path.
 */
export async function withSearchPath<Result>(
  client: PgClient,
  path: string,
  body: () => Promise<Result>,
): Promise<Result> {
  const set = `SELECT pg_catalog.set_config('search_path', $1, true)`
  await client.query(set, [path])
  const result = await body()
  await client.query(set, ['pg_catalog'])
  return result
}

/** Runs `body` in a savepoint: when it throws, what it did is undone and the transaction stays usable. */
export async function inSavepoint<Result>(client: PgClient, body: () => Promise<Result>): Promise<Result> {
  await client.query('SAVEPOINT tandem')
  try {
    const result = await body()
    await client.query('RELEASE SAVEPOINT tandem')
    return result
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT tandem').catch(() => {}) // if the connection is lost, the next query on it fails
    throw error
  }
}

interface TransactionOptions<Result> {
  readonly begin: string
  readonly settings: readonly (readonly [string, string])[]
  readonly body: (client: PgClient) => Promise<Result>
}

async function transaction<Result>(
  database: Database,
  { begin, settings, body }: TransactionOptions<Result>,
): Promise<Result> {
  const client = await database.connect()
  let lost: Error | undefined
  const onLost = (error: Error): void => void (lost ??= error)
  client.on('error', onLost)
  try {
    await client.query(`BEGIN ${begin}; SELECT ${settings.map(setConfig).join(', ')}`)
    const result = await body(client)
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back') // a failed transaction is rolled back by COMMIT without an error
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(onLost)
    throw lost === undefined || error instanceof TandemError || error instanceof RefusedPlan
      ? error
      : connectionLost(database, lost)
  } finally {
    client.off('error', onLost)
    client.release(lost)
  }
}

function connectionLost({ source }: Database, cause: Error): UnreachableError {
  return new UnreachableError(`source ${source}: the connection to PostgreSQL was lost`, { hint: 'try again', cause })
}

function setConfig([setting, value]: readonly [string, string]): string {
  return `pg_catalog.set_config('${setting}', '${value}', true)`
}
