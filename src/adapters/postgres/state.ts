/** The tool's own texts inside the database: table `sync_point` in schema `tandem`. Separate because apply writes them in its own transaction. */
import { UsageError } from '../../model/errors.ts'
import type { StateChanges } from '../../model/change.ts'
import type { Database } from './connect.ts'
import { codeOf } from './failure.ts'
import { identifier } from './name.ts'
import type { Connection } from './session.ts'

/** 'tand', 'em': serialises every writer of the state, of whatever clone; released with the transaction. */
const LOCK = 'SELECT pg_advisory_xact_lock(1952542308, 25965)'

const CREATE_SCHEMA = 'CREATE SCHEMA tandem'
const CREATE_TABLE = 'CREATE TABLE tandem.sync_point (name text PRIMARY KEY, value text NOT NULL)'

/** Waits until no other transaction writes the state or applies a plan. */
export async function lockState(client: Connection): Promise<void> {
  await client.query(LOCK)
}

/** All state texts; empty when the table is not there. Creates nothing. */
export async function selectState(client: Connection): Promise<ReadonlyMap<string, string>> {
  if (!(await exists(client, 'tandem.sync_point'))) return new Map()
  const { rows } = await client.query<{ name: string; value: string }>('SELECT name, value FROM tandem.sync_point')
  return new Map(rows.map(({ name, value }) => [name, value]))
}

/** The first of the expected texts that is no longer so; call it with the lock held. */
export async function unexpectedState(client: Connection, expected: StateChanges): Promise<string | undefined> {
  if (expected.size === 0) return undefined
  const state = await selectState(client)
  return [...expected.keys()].find((name) => state.get(name) !== expected.get(name))
}

/**
 * Writes and removes state texts; creates schema and table on first use.
 * @throws UsageError with the statements an owner must run when that is not permitted
 */
export async function changeState(client: Connection, database: Database, changes: StateChanges): Promise<void> {
  if (changes.size === 0) return
  await create(client, database)
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
export async function removeState(client: Connection): Promise<void> {
  await client.query('DROP TABLE IF EXISTS tandem.sync_point')
  const { rows } = await client.query(
    `SELECT FROM pg_namespace n WHERE n.nspname = 'tandem'
     AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid)
     AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)`,
  )
  if (rows.length > 0) await client.query('DROP SCHEMA tandem')
}

async function create(client: Connection, database: Database): Promise<void> {
  if (await exists(client, 'tandem.sync_point')) return
  try {
    const { rows } = await client.query(`SELECT FROM pg_namespace WHERE nspname = 'tandem'`)
    if (rows.length === 0) await client.query(CREATE_SCHEMA)
    await client.query(CREATE_TABLE)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new UsageError(`${database.source}: role ${database.role} may not create schema tandem in ${database.name}`, {
      hint: `an owner of the database must run once: ${ownersStatements(database.role)}`,
      cause: error,
    })
  }
}

/** What gives the role a state table of its own without further rights. */
export function ownersStatements(role: string): string {
  const name = identifier(role)
  return [
    `${CREATE_SCHEMA};`,
    `${CREATE_TABLE};`,
    `GRANT USAGE ON SCHEMA tandem TO ${name};`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON tandem.sync_point TO ${name};`,
  ].join(' ')
}

async function exists(client: Connection, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: string }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
  return rows[0]?.there === 't'
}
