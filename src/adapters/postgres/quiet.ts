/**
 * Applying without the user's triggers and rules: an `updated_at` trigger would overwrite the other side's time, and two machines would answer each other for
 * ever. In replica mode where permitted, else by disabling them inside the transaction.
 */
import { UsageError } from '../../model/errors.ts'
import type { Database } from './connect.ts'
import { codeOf } from './failure.ts'
import { identifier, qualified } from './name.ts'
import type { Connection } from './session.ts'
import type { LiveTable } from './table.ts'

/** How the transaction was made quiet, and how to end that before it commits. */
export interface Quiet {
  /** The database's own foreign keys and deferrable constraints act; otherwise (replica mode) they are ours to check. */
  readonly checkedByServer: boolean
  restore(): Promise<void>
}

/** @throws UsageError when there are triggers and the role may neither switch to replica mode nor disable them */
export async function quieten(client: Connection, database: Database, tables: readonly LiveTable[]): Promise<Quiet> {
  const checkedByServer = (await needsServerChecks(client, database, tables)) || !(await enterReplicaMode(client))
  if (checkedByServer) await client.query('SET CONSTRAINTS ALL IMMEDIATE')
  const active = await activeOn(client, tables, checkedByServer ? ['O', 'A'] : ['R', 'A'])
  for (const one of active) await disable(client, database, one)
  return {
    checkedByServer,
    restore: async () => {
      for (const { table, kind, name, enabled } of active) {
        await client.query(`ALTER TABLE ${table} ENABLE ${HOW_ENABLED[enabled] ?? ''} ${kind} ${identifier(name)}`)
      }
    },
  }
}

/** pg_trigger.tgenabled, pg_rewrite.ev_enabled. */
const HOW_ENABLED: Readonly<Record<string, string>> = { O: '', A: 'ALWAYS', R: 'REPLICA' }

/**
 * Deferrable unique and exclusion constraints and temporal foreign keys are checked by internal triggers, which replica mode switches off; their rules are not
 * repeated here.
 */
async function needsServerChecks(
  client: Connection,
  { version }: Database,
  tables: readonly LiveTable[],
): Promise<boolean> {
  const temporal = version >= 180_000 ? `OR k.contype = 'f' AND k.conperiod` : ''
  const { rows } = await client.query(
    `WITH ${PLAN_TABLES} SELECT FROM pg_constraint k
     WHERE (k.conrelid IN (SELECT oid FROM plan) OR k.confrelid IN (SELECT oid FROM plan))
       AND (k.contype IN ('p', 'u', 'x') AND k.condeferrable ${temporal}) LIMIT 1`,
    [tables.map(({ oid }) => oid)],
  )
  return rows.length > 0
}

/** The tables of $1 and all their partitions. */
const PLAN_TABLES = `plan AS (SELECT oid FROM unnest($1::oid[]) p(oid)
  UNION SELECT tree.relid FROM unnest($1::oid[]) p(oid), pg_partition_tree(p.oid) tree)`

/** Permitted to superusers, and since version 15 to roles that were granted SET on the parameter. */
async function enterReplicaMode(client: Connection): Promise<boolean> {
  await client.query('SAVEPOINT tandem_quiet')
  try {
    await client.query('SET LOCAL session_replication_role = replica')
    return true
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    await client.query('ROLLBACK TO SAVEPOINT tandem_quiet')
    return false
  }
}

/** A trigger, or a rule that rewrites what is written. */
interface Active {
  /** Quoted for SQL. */
  readonly table: string
  readonly kind: string
  readonly name: string
  readonly enabled: string
}

async function activeOn(
  client: Connection,
  tables: readonly LiveTable[],
  enabled: readonly string[],
): Promise<Active[]> {
  const { rows } = await client.query<Record<'schema' | 'table' | 'kind' | 'name' | 'enabled', string>>(
    `WITH ${PLAN_TABLES}, active AS (
       SELECT tgrelid AS oid, 'TRIGGER' AS kind, tgname AS name, tgenabled AS enabled FROM pg_trigger WHERE NOT tgisinternal
       UNION ALL SELECT ev_class, 'RULE', rulename, ev_enabled FROM pg_rewrite)
     SELECT n.nspname AS schema, c.relname AS table, a.kind, a.name, a.enabled
     FROM active a JOIN plan p ON p.oid = a.oid JOIN pg_class c ON c.oid = a.oid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE a.enabled = ANY($2::"char"[])
     ORDER BY c.relkind = 'p' DESC, c.oid, a.kind, a.name`, // roots first: what is done to theirs is done to their partitions'
    [tables.map(({ oid }) => oid), enabled],
  )
  return rows.map((row) => ({ table: qualified(row), kind: row.kind, name: row.name, enabled: row.enabled }))
}

async function disable(client: Connection, database: Database, { table, kind, name }: Active): Promise<void> {
  try {
    await client.query(`ALTER TABLE ${table} DISABLE ${kind} ${identifier(name)}`)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    const role = identifier(database.role)
    throw new UsageError(
      `${database.source}: role ${database.role} may not apply changes without firing ${kind.toLowerCase()} ${name} of ${table}`,
      {
        hint:
          database.version >= 150_000
            ? `connect as the owner of ${table}, or let a superuser run: GRANT SET ON PARAMETER session_replication_role TO ${role}`
            : `connect as the owner of ${table} or as a superuser`,
        cause: error,
      },
    )
  }
}
