/**
 * Applying without the user's triggers and rules, but for those that compute derived fields or that the configuration names. An `updated_at` trigger, for one, would overwrite the other machine's time: every apply would make a new change,
 * and two machines would send each other changes without end. Replica mode switches them off where the role may use it; otherwise they are disabled one by one.
 */
import { UsageError } from '../../model/errors.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { codeOf } from './failure.ts'
import { qualified } from './name.ts'
import type { PgClient } from './session.ts'
import type { Staged } from './staged.ts'
import type { LiveTable } from './table.ts'

/** How the triggers of a transaction were switched off, and how to switch them on before it commits. */
export interface SuspendedTriggers {
  /** True when the database's own foreign keys and deferrable constraints are active; false in replica mode, where foreign-keys.ts has to check. */
  readonly checkedByServer: boolean
  /** Enables what was disabled; replica mode ends by itself with the transaction. */
  restore(): Promise<void>
}

/** Switches off the triggers and rules of the plan's tables until `restore`. @throws UsageError when there are some and the role may neither use replica mode nor disable them */
export async function suspendTriggers(
  client: PgClient,
  database: Database,
  plan: readonly Pick<Staged, 'table' | 'selection'>[],
): Promise<SuspendedTriggers> {
  const tables = plan.map(({ table }) => table)
  const checkedByServer = (await needsServerChecks(client, database, tables)) || !(await enterReplicaMode(client))
  if (checkedByServer) await client.query('SET CONSTRAINTS ALL IMMEDIATE')
  const running = await runningTriggers(client, plan)
  const isRunning = ({ table, kind, name }: ActiveTrigger): boolean =>
    kind === 'TRIGGER' && running.some((each) => each.table === table && each.name === name)
  const active = await activeTriggers(client, tables, checkedByServer ? ['O', 'A'] : ['R', 'A'])
  const suspended = active.filter((trigger) => !isRunning(trigger))
  // in replica mode an ordinary trigger runs only if it is set to run always
  const woken = checkedByServer ? [] : running.filter(({ enabled }) => enabled === 'O')
  for (const trigger of suspended) await alter(client, database, { trigger, mode: 'DISABLE' })
  for (const trigger of woken) await alter(client, database, { trigger, mode: 'ENABLE ALWAYS' })
  return {
    checkedByServer,
    restore: async () => {
      for (const { table, kind, name, enabled } of [...suspended, ...woken]) {
        await client.query(`ALTER TABLE ${table} ENABLE ${ENABLE_MODE[enabled] ?? ''} ${kind} ${quotedName(name)}`)
      }
    },
  }
}

/**
 * The triggers that run while the plan is written: those that the configuration names, and those before each row that compute a derived field of the table. Whether a trigger does that
 * is seen from its function: its text or its arguments name the field. @throws UsageError when the configuration names one that the table does not have
 */
async function runningTriggers(
  client: PgClient,
  plan: readonly Pick<Staged, 'table' | 'selection'>[],
): Promise<ActiveTrigger[]> {
  const concerned = plan.filter(
    ({ selection: { derived, triggers } }) => triggers !== 'none' && (derived.length > 0 || triggers !== undefined),
  )
  if (concerned.length === 0) return []
  const all = await readTriggers(
    client,
    concerned.map(({ table }) => table.oid),
  )
  return concerned.flatMap(({ table, selection }) => {
    const own = all.filter(({ root }) => root === table.oid)
    const named = selection.triggers === 'none' ? [] : (selection.triggers ?? [])
    const missing = named.find((name) => !own.some((trigger) => trigger.name === name))
    if (missing !== undefined)
      throw new UsageError(`${table.name} has no trigger ${missing}`, {
        hint: `correct "triggers" of ${table.name} in the configuration, or run your migrations`,
      })
    return own.filter((trigger) => named.includes(trigger.name) || computes(trigger, selection.derived))
  })
}

/** True when the trigger can set one of the fields in the row that is being written. */
function computes({ beforeRow, text }: UserTrigger, fields: readonly string[]): boolean {
  return beforeRow && fields.some((field) => mentions(text, field))
}

/** True when the text of a function has the name in it. */
export function mentions(text: string, name: string): boolean {
  const words: readonly string[] = text.toLowerCase().match(/[\p{L}\p{N}_$]+/gu) ?? []
  return words.includes(name.toLowerCase()) || text.includes(quotedName(name))
}

/** The values of pg_trigger.tgenabled and pg_rewrite.ev_enabled, as ALTER TABLE … ENABLE spells them. */
const ENABLE_MODE: Readonly<Record<string, string>> = { O: '', A: 'ALWAYS', R: 'REPLICA' }

/**
 * True when the tables have constraints that replica mode would switch off and that are not checked here: deferrable unique and exclusion constraints and temporal
 * foreign keys, which PostgreSQL checks with internal triggers.
 */
async function needsServerChecks(
  client: PgClient,
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

/** A WITH query `plan`: the tables whose oids are $1, and all their partitions. */
const PLAN_TABLES = `plan AS (SELECT oid FROM unnest($1::oid[]) p(oid)
  UNION SELECT tree.relid FROM unnest($1::oid[]) p(oid), pg_partition_tree(p.oid) tree)`

/** Switches to replica mode until the end of the transaction; false when the role may not: superusers may, and since PostgreSQL 15 roles with SET on the parameter. */
async function enterReplicaMode(client: PgClient): Promise<boolean> {
  await client.query('SAVEPOINT tandem_replica')
  try {
    await client.query('SET LOCAL session_replication_role = replica')
    return true
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    await client.query('ROLLBACK TO SAVEPOINT tandem_replica')
    return false
  }
}

/** A trigger, or a rule that rewrites what is written. */
interface ActiveTrigger {
  /** Quoted for SQL. */
  readonly table: string
  readonly kind: string
  readonly name: string
  readonly enabled: string
}

async function activeTriggers(
  client: PgClient,
  tables: readonly LiveTable[],
  enabled: readonly string[],
): Promise<ActiveTrigger[]> {
  const { rows } = await client.query<Record<'schema' | 'table' | 'kind' | 'name' | 'enabled', string>>(
    `WITH ${PLAN_TABLES}, active AS (
       SELECT tgrelid AS oid, 'TRIGGER' AS kind, tgname AS name, tgenabled AS enabled FROM pg_trigger WHERE NOT tgisinternal
       UNION ALL SELECT ev_class, 'RULE', rulename, ev_enabled FROM pg_rewrite)
     SELECT n.nspname AS schema, c.relname AS table, a.kind, a.name, a.enabled
     FROM active a JOIN plan p ON p.oid = a.oid JOIN pg_class c ON c.oid = a.oid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE a.enabled = ANY($2::"char"[])
     ORDER BY c.relkind = 'p' DESC, c.oid, a.kind, a.name`, // partitioned tables first, as a change to one of their triggers changes those of the partitions too
    [tables.map(({ oid }) => oid), enabled],
  )
  return rows.map((row) => ({ table: qualified(row), kind: row.kind, name: row.name, enabled: row.enabled }))
}

/** @throws UsageError when the role does not own the table */
async function alter(
  client: PgClient,
  database: Database,
  { trigger: { table, kind, name }, mode }: { readonly trigger: ActiveTrigger; readonly mode: string },
): Promise<void> {
  try {
    await client.query(`ALTER TABLE ${table} ${mode} ${kind} ${quotedName(name)}`)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    const role = quotedName(database.role)
    const what = mode === 'DISABLE' ? 'without firing' : 'with only'
    throw new UsageError(
      `source ${database.source}: role ${database.role} may not apply changes ${what} ${kind.toLowerCase()} ${name} of ${table}`,
      {
        hint:
          database.version >= 150_000 && mode === 'DISABLE'
            ? `connect as the owner of ${table}, or let a superuser run: GRANT SET ON PARAMETER session_replication_role TO ${role}`
            : `connect as the owner of ${table} or as a superuser`,
        cause: error,
      },
    )
  }
}

/** A trigger of the user's, with what tells what it does. */
export interface UserTrigger extends ActiveTrigger {
  /** The oid of the table, of a partition that of its root. */
  readonly root: string
  readonly beforeRow: boolean
  /** The text of its function, and its arguments. */
  readonly text: string
}

/** The enabled triggers of the tables and of their partitions. */
export async function readTriggers(client: PgClient, oids: readonly string[]): Promise<UserTrigger[]> {
  const { rows } = await client.query<
    Record<'root' | 'schema' | 'table' | 'name' | 'enabled' | 'before' | 'text', string>
  >(
    `WITH plan AS (SELECT oid, oid AS root FROM unnest($1::oid[]) p(oid)
       UNION SELECT tree.relid, p.oid FROM unnest($1::oid[]) p(oid), pg_partition_tree(p.oid) tree)
     SELECT plan.root, n.nspname AS schema, c.relname AS table, t.tgname AS name, t.tgenabled AS enabled,
       t.tgtype & 3 = 3 AS before,
       concat_ws(' ', f.prosrc, replace(encode(t.tgargs, 'escape'), '\\000', ' ')) AS text
     FROM pg_trigger t JOIN plan ON plan.oid = t.tgrelid JOIN pg_class c ON c.oid = t.tgrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc f ON f.oid = t.tgfoid
     WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
     ORDER BY c.relkind = 'p' DESC, c.oid, t.tgname`,
    [oids],
  )
  return rows.map((row) => ({
    root: row.root,
    table: qualified(row),
    kind: 'TRIGGER',
    name: row.name,
    enabled: row.enabled,
    beforeRow: row.before === 't',
    text: row.text,
  }))
}
