/** Compares live records with what a plan expects of them: before writing, whether anything changed since it was read, and after writing, whether all is as planned. */
import { type RecordText, splitObject } from '../../model/canonical.ts'
import type { LiveRecord } from '../../model/change.ts'
import { UndoneError, UsageError } from '../../model/errors.ts'
import { stale, violation } from '../refused-plan.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { copyAll } from './copy.ts'
import type { PgClient } from './session.ts'
import { selectFields } from './snapshot.ts'
import { type Staged, type StagedChange, sameKey } from './staged.ts'
import { target } from './table.ts'
import { sameValue } from './values.ts'

/**
 * Locks every row that the plan touches and checks that its record still is `before`.
 * @throws RefusedPlan with outcome `stale` when one is not; with `violation` when the server finds another record under the key of a new one, because its type or
 * collation takes two different keys for equal
 * @throws UsageError when two records have the same key
 */
export async function checkUnchanged(client: PgClient, database: Database, staged: Staged): Promise<void> {
  const live = byKey(database, staged, await liveRecords(client, staged, { where: '', lock: 'FOR UPDATE OF t' }))
  for (const change of staged.changes) {
    const now = live.get(change.key)
    live.delete(change.key)
    if (sameData(staged, change.before, now)) continue
    throw stale(`${staged.selection.schema.name} ${change.key} ${whatHappened(change, now)}`)
  }
  const [other] = live.keys()
  if (other === undefined) return
  throw violation({
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
export async function checkWritten(client: PgClient, database: Database, staged: Staged): Promise<void> {
  const written = await liveRecords(client, staged, { where: `AND k.op <> 'd'`, lock: '' })
  const live = new Map(written.map(({ key, text }) => [key, text]))
  for (const change of staged.changes) {
    if (change.after === undefined) continue
    const now = live.get(change.key)
    if (sameData(staged, change.after, now)) continue
    throw await notAsPlanned(client, { database, staged, change, now })
  }
}

/** Which of the staged records are read: `where` is a further condition on the keys table `k`, `lock` the locking clause of the SELECT. */
interface RecordFilter {
  readonly where: string
  readonly lock: string
}

async function liveRecords(client: PgClient, staged: Staged, { where, lock }: RecordFilter): Promise<LiveRecord[]> {
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
      throw new UsageError(`source ${database.source}: two records of ${name} have the key ${key}`, {
        hint: `${fields.join(', ')} must identify one record: correct "key" in the configuration, or remove the duplicate`,
      })
    }
    live.set(key, text)
  }
  return live
}

/** True when two records are the same data: derived fields are not compared, and two forms of one value (`5` and `"5"` in one column) are equal. */
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

/** A change, and the record that is there instead after it was written. */
interface Deviation {
  readonly database: Database
  readonly staged: Staged
  readonly change: StagedChange
  readonly now: RecordText | undefined
}

async function notAsPlanned(client: PgClient, { database, staged, change, now }: Deviation): Promise<UndoneError> {
  const place = `source ${database.source}: record ${change.key} of ${staged.selection.schema.name}`
  const causes = await possibleCauses(client, staged)
  if (now === undefined) {
    return new UndoneError(`${place} is not there after it was written: ${causes} removed it; nothing was changed`, {
      hint: `keep it from acting, or let a superuser run: GRANT SET ON PARAMETER session_replication_role TO ${quotedName(database.role)}`,
    })
  }
  const field = differingField(staged, change.after ?? '{}', now) ?? ''
  return new UndoneError(
    `${place}: field ${field} reads back as ${splitObject(now).get(field) ?? 'NULL'} instead of ` +
      `${splitObject(change.after ?? '{}').get(field) ?? 'NULL'}: ${causes} changed it; nothing was changed`,
    { hint: `if the database computes it, configure "derived": ["${field}"] for ${staged.selection.schema.name}` },
  )
}

/** What on this table could have changed a written row, for people. The action of a foreign key is among it only where the server's foreign keys are active. */
async function possibleCauses(client: PgClient, { table }: Staged): Promise<string> {
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
