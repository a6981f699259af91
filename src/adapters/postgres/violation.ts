/**
 * Writes a staged plan, or finds the record that the database refuses. Constraints that the merge cannot see (checks, exclusion, partial and expression indexes,
 * NOT NULL …) are left to the database: the plan is written inside a savepoint, and when that fails the record at fault is found by halving. When the reason may be
 * a unique value that moves from one record to another, the plan is written once more with the old rows deleted first.
 */
import { type KeyText, kindOf, splitObject } from '../../model/canonical.ts'
import { UndoneError } from '../../model/errors.ts'
import { type RefusedPlan, violation } from '../refused-plan.ts'
import { checkUnchanged } from './compare.ts'
import type { Database } from './connect.ts'
import { type ServerError, isRefusedValue } from './failure.ts'
import type { ForeignKey } from './foreign-keys.ts'
import { type TableName, qualified } from './name.ts'
import { type PgClient, withSearchPath } from './session.ts'
import type { Staged } from './staged.ts'
import type { KeyPlans } from './statistics.ts'
import { serverText } from './values.ts'
import { type WrittenCounts, type WriteOptions, hasOperation, writeStaged } from './write.ts'

/** A staged plan, the foreign keys of its tables, and whether the server checks these by itself. */
export interface WriteTask {
  readonly plan: readonly Staged[]
  readonly keys: readonly ForeignKey[]
  readonly checkedByServer: boolean
  readonly plans: KeyPlans
}

/**
 * Writes the plan and returns the sum of what was written.
 * @throws RefusedPlan with outcome `violation`, or `stale` when somebody else took a new record's key meanwhile
 * @throws UndoneError when fewer records were deleted than planned
 */
export async function writeOrRefuse(client: PgClient, database: Database, task: WriteTask): Promise<WrittenCounts> {
  const replaced = new Set(task.plan.filter(mustReplace))
  for (;;) {
    const result = await tryToWrite(client, database, { task, options: { replaced } })
    if (!('refused' in result)) return totalCounts(database, task.plan, result.counts)
    const { refused } = result
    const staged = await stagedOf(client, task.plan, refused)
    if (staged !== undefined && !replaced.has(staged) && mayBeMove(refused, staged) && mayReplace(task, staged)) {
      replaced.add(staged)
      continue
    }
    throw await refusalOutcome(client, database, { task, options: { replaced }, refused, staged })
  }
}

/** An attempt to write the plan in one particular way. */
interface WriteAttempt {
  readonly task: WriteTask
  readonly options: WriteOptions
}

type AttemptResult = { readonly counts: readonly WrittenCounts[] } | { readonly refused: ServerError }

async function tryToWrite(
  client: PgClient,
  database: Database,
  { task, options }: WriteAttempt,
): Promise<AttemptResult> {
  await client.query('SAVEPOINT tandem_write')
  try {
    const counts = await withSearchPath(
      client,
      database.searchPath,
      async () => await task.plans.byKey(() => writeStaged(client, task.plan, options)),
    )
    return { counts }
  } catch (error) {
    if (!isRefusedValue(error)) throw error
    await client.query('ROLLBACK TO SAVEPOINT tandem_write')
    return { refused: error }
  }
}

/** True when an update changes a column that is GENERATED ALWAYS AS IDENTITY: a given value can only be inserted there. */
function mustReplace(staged: Staged): boolean {
  const { key } = staged.selection.schema
  return [...staged.updated].some(
    (name) => !key.includes(name) && staged.table.columns.get(name)?.identityAlways === true,
  )
}

/** True when the error may come from a unique value that one record gives up and another takes. */
function mayBeMove({ code }: ServerError, staged: Staged): boolean {
  return ['23505', '23P01'].includes(code) && (staged.updated.size > 0 || hasOperation(staged, 'r'))
}

/** False where the server's own foreign keys would act on the children of a row that is deleted and inserted again. */
function mayReplace({ keys, checkedByServer }: WriteTask, staged: Staged): boolean {
  return !checkedByServer || !keys.some(({ parent, acts }) => acts && parent.staged === staged)
}

/** The sum of the counts. @throws UndoneError when fewer records were deleted than planned */
function totalCounts(database: Database, plan: readonly Staged[], counts: readonly WrittenCounts[]): WrittenCounts {
  for (const [i, { deleted }] of counts.entries()) {
    const planned = plan[i]?.changes.filter(({ operation }) => operation === 'd').length ?? 0
    if (deleted === planned) continue
    throw new UndoneError(
      `source ${database.source}: only ${deleted} of ${planned} records of ${plan[i]?.selection.schema.name} could be deleted; nothing was changed`,
      { hint: 'a rule or trigger of the table kept them' },
    )
  }
  const total = (of: (one: WrittenCounts) => number): number => counts.reduce((all, one) => all + of(one), 0)
  return {
    inserted: total((one) => one.inserted),
    updated: total((one) => one.updated),
    deleted: total((one) => one.deleted),
  }
}

/** An attempt that the server refused. `staged`: the collection that its error names. */
interface RefusedAttempt extends WriteAttempt {
  readonly refused: ServerError
  readonly staged: Staged | undefined
}

/** What to throw for a refused attempt, with the record at fault where it can be found. */
async function refusalOutcome(client: PgClient, database: Database, refusal: RefusedAttempt): Promise<RefusedPlan> {
  const { refused, task } = refusal
  const atFault =
    refused.code === '23503' ? referringRecord(task, refused) : await refusedRecord(client, database, refusal)
  const staged = atFault?.staged ?? refusal.staged
  if (refused.code === '23505' && staged !== undefined) await checkUnchanged(client, database, staged) // throws `stale` if somebody took its key meanwhile
  return violation({
    collection: staged?.selection.schema.name ?? refused.table ?? '',
    key: atFault?.key,
    constraint:
      refused.constraint ?? (refused.column === undefined ? `SQLSTATE ${refused.code}` : `${refused.column} NOT NULL`),
    message: refused.message,
  })
}

/** The record that the database refuses. */
interface RecordAtFault {
  readonly staged: Staged
  readonly key: KeyText
}

/** The record whose reference the server refused. The detail of its error shows fields and values as `(fields)=(values)` in every language. */
function referringRecord({ keys }: WriteTask, refused: ServerError): RecordAtFault | undefined {
  const values = /\)=\((.*)\)/s.exec(refused.detail ?? '')?.[1]
  for (const { name, child } of keys) {
    const { staged } = child
    if (staged === undefined || name !== refused.constraint) continue
    const found = staged.changes.find(({ after }) => {
      if (after === undefined) return false
      const record = splitObject(after)
      return child.fields.map((field) => shownValue(record.get(field))).join(', ') === values
    })
    if (found !== undefined) return { staged, key: found.key }
  }
  return undefined
}

/** A value as the detail of an error shows it. */
function shownValue(value: string | undefined): string {
  return value === undefined ? '' : (serverText(value, kindOf(value) === 'object' ? 'jsonb' : 'text') ?? '')
}

/** Finds the record at fault by halving: it is the last of the shortest beginning of a collection's changes that the server refuses in the same way. */
async function refusedRecord(
  client: PgClient,
  database: Database,
  refusal: RefusedAttempt,
): Promise<RecordAtFault | undefined> {
  const { task, options, refused } = refusal
  for (const staged of refusal.staged === undefined ? task.plan : [refusal.staged]) {
    const written = staged.changes.flatMap(({ operation }, n) => (operation === 'd' ? [] : [n]))
    const isRefused = async (n: number): Promise<boolean> => {
      const result = await tryToWrite(client, database, { task, options: { ...options, limit: { staged, n } } })
      if (!('refused' in result)) await client.query('ROLLBACK TO SAVEPOINT tandem_write')
      return 'refused' in result && sameRefusal(result.refused, refused)
    }
    if (written.length === 0 || (await isRefused(-1))) continue
    const n = written[await firstRefused(written, isRefused)]
    const key = n === undefined ? undefined : staged.changes[n]?.key
    if (key !== undefined) return { staged, key }
  }
  return undefined
}

/** The index of the first number for which `isRefused` holds, if it holds for all after it too. */
async function firstRefused(numbers: readonly number[], isRefused: (n: number) => Promise<boolean>): Promise<number> {
  let low = 0
  let high = numbers.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (await isRefused(numbers[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}

function sameRefusal(a: ServerError, b: ServerError): boolean {
  return a.code === b.code && a.constraint === b.constraint && a.column === b.column
}

/** The collection of the table that the error names; of a partition, that of its root. */
async function stagedOf(client: PgClient, plan: readonly Staged[], error: ServerError): Promise<Staged | undefined> {
  if (error.schema === undefined || error.table === undefined) return plan.length === 1 ? plan[0] : undefined
  const named: TableName = { schema: error.schema, table: error.table }
  const { rows } = await client.query<{ oid: string }>(
    `SELECT coalesce(pg_partition_root(to_regclass($1)), to_regclass($1))::oid AS oid`,
    [qualified(named)],
  )
  return plan.find(({ table }) => table.oid === rows[0]?.oid)
}
