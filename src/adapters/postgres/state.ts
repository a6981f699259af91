/** The tool's own texts inside the database, in the table `tandem.sync_point`. Separate from apply.ts because some of them are also written without a plan. */
import type { StateChanges } from '../../model/change.ts'
import { UsageError } from '../../model/errors.ts'
import { unexpectedText } from '../expected-state.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { codeOf } from './failure.ts'
import type { PgClient } from './session.ts'

/** An advisory lock that every writer of the state takes, of whatever clone. The numbers are the bytes of 'tand' and 'em'. It is released when the transaction ends. */
const LOCK = 'SELECT pg_advisory_xact_lock(1952542308, 25965)'

const CREATE_SCHEMA = 'CREATE SCHEMA tandem'

const CREATE_TABLE = 'CREATE TABLE tandem.sync_point (name text PRIMARY KEY, value text NOT NULL)'

/** Waits until no other transaction writes the state or applies a plan. */
export async function lockState(client: PgClient): Promise<void> {
  await client.query(LOCK)
}

/** All texts by name; empty when the table does not exist. Creates nothing. */
export async function selectState(client: PgClient): Promise<ReadonlyMap<string, string>> {
  if (!(await tableExists(client, 'tandem.sync_point'))) return new Map()
  const { rows } = await client.query<{ name: string; value: string }>('SELECT name, value FROM tandem.sync_point')
  return new Map(rows.map(({ name, value }) => [name, value]))
}

/** The name of the first text that is not what is expected; undefined when all are. To be called after `lockState`. */
export async function unexpectedState(client: PgClient, expected: StateChanges): Promise<string | undefined> {
  if (expected.size === 0) return undefined
  return unexpectedText(await selectState(client), expected)
}

/**
 * Writes and removes state texts; creates schema and table on first use.
 * @throws UsageError with the statements an owner must run when that is not permitted
 */
export async function changeState(client: PgClient, database: Database, changes: StateChanges): Promise<void> {
  if (changes.size === 0) return
  await createIfMissing(client, database)
  const removed = [...changes].filter(([, value]) => value === undefined).map(([name]) => name)
  if (removed.length > 0) await client.query('DELETE FROM tandem.sync_point WHERE name = ANY($1::text[])', [removed])
  const written = [...changes].filter((change): change is [string, string] => change[1] !== undefined)
  await client.query(
    `INSERT INTO tandem.sync_point (name, value) SELECT * FROM unnest($1::text[], $2::text[])
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    [written.map(([name]) => name), written.map(([, value]) => value)],
  )
}

/** Removes the table, and the schema if nothing else is in it. */
export async function removeState(client: PgClient): Promise<void> {
  await client.query('DROP TABLE IF EXISTS tandem.sync_point')
  const { rows } = await client.query(
    `SELECT FROM pg_namespace n WHERE n.nspname = 'tandem'
     AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid)
     AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)`,
  )
  if (rows.length > 0) await client.query('DROP SCHEMA tandem')
}

async function createIfMissing(client: PgClient, database: Database): Promise<void> {
  if (await tableExists(client, 'tandem.sync_point')) return
  try {
    const { rows } = await client.query(`SELECT FROM pg_namespace WHERE nspname = 'tandem'`)
    if (rows.length === 0) await client.query(CREATE_SCHEMA)
    await client.query(CREATE_TABLE)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new UsageError(
      `source ${database.source}: role ${database.role} may not create schema tandem in ${database.name}`,
      {
        hint: `an owner of the database must run once: ${ownersStatements(database.role)}`,
        cause: error,
      },
    )
  }
}

/** The statements with which an owner creates the table for a role that may not create it itself. */
export function ownersStatements(role: string): string {
  const name = quotedName(role)
  return [
    `${CREATE_SCHEMA};`,
    `${CREATE_TABLE};`,
    `GRANT USAGE ON SCHEMA tandem TO ${name};`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON tandem.sync_point TO ${name};`,
  ].join(' ')
}

async function tableExists(client: PgClient, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: string }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
  return rows[0]?.there === 't'
}
