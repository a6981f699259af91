/** Live records against what a plan expects of them: before writing (has anything changed since it was read?) and after (did everything arrive as planned?). */
import { splitObject, type RecordText } from '../../model/canonical.ts'
import type { ApplyOutcome, LiveRecord } from '../../model/change.ts'
import { UndoneError, UsageError } from '../../model/errors.ts'
import type { Database } from './connect.ts'
import { copyAll } from './copy.ts'
import { identifier } from './name.ts'
import { Rollback, type Connection } from './session.ts'
import { selectFields } from './snapshot.ts'
import { sameKey, type Staged, type StagedChange } from './stage.ts'
import { target } from './table.ts'
import { sameValue } from './values.ts'

/**
 * Locks every touched row and checks that it still is what the plan took it for, byte for byte as exported.
 * @throws Rollback with outcome `stale` when one is not, `violation` when the key of a new record is equal to another one's for the server alone
 */
export async function checkUnchanged(client: Connection, database: Database, staged: Staged): Promise<void> {
  const live = byKey(database, staged, await liveRecords(client, staged, { where: '', lock: 'FOR UPDATE OF t' }))
  for (const change of staged.changes) {
    const now = live.get(change.key)
    live.delete(change.key)
    if (sameData(staged, change.before, now)) continue
    throw stale(`${staged.selection.schema.name} ${change.key} ${whatHappened(change, now)}`)
  }
  const [other] = live.keys()
  if (other === undefined) return
  throw new Rollback<ApplyOutcome>({
    status: 'violation',
    collection: staged.selection.schema.name,
    key: staged.changes.find(({ operation }) => operation === 'i' || operation === 'm')?.key,
    constraint: staged.keyConstraint ?? 'key',
    message: `for the database this key is the same as that of record ${other}`,
  })
}

/**
 * Reads every written record back and compares it with the plan.
 * @throws UndoneError naming collection, key and field of the first that differs
 */
export async function checkWritten(client: Connection, database: Database, staged: Staged): Promise<void> {
  const written = await liveRecords(client, staged, { where: `AND k.op <> 'd'`, lock: '' })
  const live = new Map(written.map(({ key, text }) => [key, text]))
  for (const change of staged.changes) {
    if (change.after === undefined) continue
    const now = live.get(change.key)
    if (sameData(staged, change.after, now)) continue
    throw await notAsPlanned(client, { database, staged, change, now })
  }
}

/** The outcome `stale`, to be thrown. */
export function stale(reason: string): Rollback<ApplyOutcome> {
  return new Rollback<ApplyOutcome>({ status: 'stale', reason })
}

interface Which {
  readonly where: string
  readonly lock: string
}

async function liveRecords(client: Connection, staged: Staged, { where, lock }: Which): Promise<LiveRecord[]> {
  const { fields, keys, selection, table } = staged
  const select = `${selectFields(fields)} FROM ${target(table)} t
    WHERE EXISTS (SELECT FROM ${keys} k WHERE ${sameKey(staged, 't', 'k')} ${where}) ${lock}`
  return await copyAll(client, { select, fields, key: selection.schema.key })
}

function byKey(database: Database, staged: Staged, records: readonly LiveRecord[]): Map<string, RecordText> {
  const live = new Map<string, RecordText>()
  for (const { key, text } of records) {
    if (live.has(key)) {
      const { name, key: fields } = staged.selection.schema
      throw new UsageError(`${database.source}: two records of ${name} have the key ${key}`, {
        hint: `${fields.join(', ')} must identify one record: correct "key" in the configuration, or remove the duplicate`,
      })
    }
    live.set(key, text)
  }
  return live
}

/** Derived fields are compared nowhere; a difference of form alone (`5` and `"5"` in one column) is none. */
function sameData(staged: Staged, a: RecordText | undefined, b: RecordText | undefined): boolean {
  if (a === b) return true
  return a !== undefined && b !== undefined && differingField(staged, a, b) === undefined
}

function differingField({ written }: Staged, a: RecordText, b: RecordText): string | undefined {
  const [left, right] = [splitObject(a), splitObject(b)]
  return written.find(({ name, coding }) => !sameValue(left.get(name), right.get(name), coding))?.name
}

function whatHappened({ before }: StagedChange, now: RecordText | undefined): string {
  if (before === undefined) return 'was added meanwhile'
  return now === undefined ? 'was deleted meanwhile' : 'was changed meanwhile'
}

interface Deviation {
  readonly database: Database
  readonly staged: Staged
  readonly change: StagedChange
  readonly now: RecordText | undefined
}

async function notAsPlanned(client: Connection, { database, staged, change, now }: Deviation): Promise<UndoneError> {
  const place = `${database.source}: record ${change.key} of ${staged.selection.schema.name}`
  const culprits = await suspects(client, staged)
  if (now === undefined) {
    return new UndoneError(`${place} is not there after it was written: ${culprits} removed it; nothing was changed`, {
      hint: `keep it from acting, or let a superuser run: GRANT SET ON PARAMETER session_replication_role TO ${identifier(database.role)}`,
    })
  }
  const field = differingField(staged, change.after ?? '{}', now) ?? ''
  return new UndoneError(
    `${place}: field ${field} reads back as ${splitObject(now).get(field) ?? 'NULL'} instead of ` +
      `${splitObject(change.after ?? '{}').get(field) ?? 'NULL'}: ${culprits} changed it; nothing was changed`,
    { hint: `if the database computes it, configure "derived": ["${field}"] for ${staged.selection.schema.name}` },
  )
}

/** Whatever on this table could have changed a written row; a foreign key's own action only where the server's keys are active. */
async function suspects(client: Connection, { table }: Staged): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT 'trigger ' || tgname AS name FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
     UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class = $1
     UNION ALL SELECT 'the action of foreign key ' || conname FROM pg_constraint
       WHERE conrelid = $1 AND contype = 'f' AND concat(confdeltype, confupdtype) <> 'aa'
         AND current_setting('session_replication_role') <> 'replica'
     ORDER BY name`,
    [table.oid],
  )
  const security = table.rowSecurity ? ['row-level security'] : []
  return [...rows.map(({ name }) => name), ...security, "the column's type or a cast"].join(' or ')
}
