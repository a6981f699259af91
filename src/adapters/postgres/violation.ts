/**
 * Writing with a judge: what the merge cannot see (checks, exclusion, partial and expression indexes, NOT NULL …) the database refuses, inside a savepoint, and
 * the record at fault is found by halving. A unique value that moves from one record to another is tried again with the old rows taken out first.
 */
import { kindOf, splitObject, type KeyText } from '../../model/canonical.ts'
import type { ApplyOutcome } from '../../model/change.ts'
import { UndoneError } from '../../model/errors.ts'
import { checkUnchanged } from './compare.ts'
import type { Database } from './connect.ts'
import { isRefusedValue, type ServerError } from './failure.ts'
import type { ForeignKey } from './foreign-keys.ts'
import { qualified, type TableName } from './name.ts'
import { Rollback, withSearchPath, type Connection } from './session.ts'
import type { Staged } from './stage.ts'
import { serverText } from './values.ts'
import { hasOperation, writeStaged, type Counts, type WriteOptions } from './write.ts'

/** What is written, and who checks it. */
export interface Task {
  readonly plan: readonly Staged[]
  readonly keys: readonly ForeignKey[]
  readonly checkedByServer: boolean
}

/**
 * Writes the plan and returns the sum of what was written.
 * @throws Rollback with outcome `violation`, or `stale` when a new record's key was taken meanwhile
 * @throws UndoneError when fewer records were deleted than planned
 */
export async function writeJudged(client: Connection, database: Database, task: Task): Promise<Counts> {
  const replaced = new Set(task.plan.filter(mustReplace))
  for (;;) {
    const result = await attempt(client, database, { task, options: { replaced } })
    if (!('refused' in result)) return sum(database, task.plan, result.counts)
    const { refused } = result
    const staged = await stagedOf(client, task.plan, refused)
    if (staged !== undefined && !replaced.has(staged) && mayBeMove(refused, staged) && mayReplace(task, staged)) {
      replaced.add(staged)
      continue
    }
    throw await violation(client, database, { task, options: { replaced }, refused, staged })
  }
}

interface Attempt {
  readonly task: Task
  readonly options: WriteOptions
}

type Result = { readonly counts: readonly Counts[] } | { readonly refused: ServerError }

async function attempt(client: Connection, database: Database, { task, options }: Attempt): Promise<Result> {
  await client.query('SAVEPOINT tandem_write')
  try {
    const counts = await withSearchPath(
      client,
      database.searchPath,
      async () => await writeStaged(client, task.plan, options),
    )
    return { counts }
  } catch (error) {
    if (!isRefusedValue(error)) throw error
    await client.query('ROLLBACK TO SAVEPOINT tandem_write')
    return { refused: error }
  }
}

/** An identity column that is GENERATED ALWAYS takes a given value on insert only. */
function mustReplace(staged: Staged): boolean {
  const { key } = staged.selection.schema
  return [...staged.updated].some(
    (name) => !key.includes(name) && staged.table.columns.get(name)?.identityAlways === true,
  )
}

function mayBeMove({ code }: ServerError, staged: Staged): boolean {
  return ['23505', '23P01'].includes(code) && (staged.updated.size > 0 || hasOperation(staged, 'r'))
}

/** Not where the server's own foreign keys would act on the children of a row that is deleted and inserted again. */
function mayReplace({ keys, checkedByServer }: Task, staged: Staged): boolean {
  return !checkedByServer || !keys.some(({ parent, acts }) => acts && parent.staged === staged)
}

function sum(database: Database, plan: readonly Staged[], counts: readonly Counts[]): Counts {
  for (const [i, { deleted }] of counts.entries()) {
    const planned = plan[i]?.changes.filter(({ operation }) => operation === 'd').length ?? 0
    if (deleted === planned) continue
    throw new UndoneError(
      `${database.source}: only ${deleted} of ${planned} records of ${plan[i]?.selection.schema.name} could be deleted; nothing was changed`,
      { hint: 'a rule or trigger of the table kept them' },
    )
  }
  const total = (of: (one: Counts) => number): number => counts.reduce((all, one) => all + of(one), 0)
  return {
    inserted: total((one) => one.inserted),
    updated: total((one) => one.updated),
    deleted: total((one) => one.deleted),
  }
}

interface Refusal extends Attempt {
  readonly refused: ServerError
  readonly staged: Staged | undefined
}

async function violation(client: Connection, database: Database, refusal: Refusal): Promise<Rollback<ApplyOutcome>> {
  const { refused, task } = refusal
  const guilty =
    refused.code === '23503' ? referringRecord(task, refused) : await refusedRecord(client, database, refusal)
  const staged = guilty?.staged ?? refusal.staged
  if (refused.code === '23505' && staged !== undefined) await checkUnchanged(client, database, staged) // its key taken meanwhile: stale
  return new Rollback<ApplyOutcome>({
    status: 'violation',
    collection: staged?.selection.schema.name ?? refused.table ?? '',
    key: guilty?.key,
    constraint:
      refused.constraint ?? (refused.column === undefined ? `SQLSTATE ${refused.code}` : `${refused.column} NOT NULL`),
    message: refused.message,
  })
}

interface Guilty {
  readonly staged: Staged
  readonly key: KeyText
}

/** The record whose foreign key the server refused: the detail shows its values as `(fields)=(values)` in every language. */
function referringRecord({ keys }: Task, refused: ServerError): Guilty | undefined {
  const values = /\)=\((.*)\)/s.exec(refused.detail ?? '')?.[1]
  for (const { name, child } of keys) {
    const { staged } = child
    if (staged === undefined || name !== refused.constraint) continue
    const found = staged.changes.find(({ after }) => {
      if (after === undefined) return false
      const record = splitObject(after)
      return child.fields.map((field) => textOf(record.get(field))).join(', ') === values
    })
    if (found !== undefined) return { staged, key: found.key }
  }
  return undefined
}

function textOf(value: string | undefined): string {
  return value === undefined ? '' : (serverText(value, kindOf(value) === 'object' ? 'jsonb' : 'text') ?? '')
}

/** Halving: the shortest beginning of a collection's changes that is refused in the same way ends with the record at fault. */
async function refusedRecord(client: Connection, database: Database, refusal: Refusal): Promise<Guilty | undefined> {
  const { task, options, refused } = refusal
  for (const staged of refusal.staged === undefined ? task.plan : [refusal.staged]) {
    const written = staged.changes.flatMap(({ operation }, n) => (operation === 'd' ? [] : [n]))
    const isRefused = async (n: number): Promise<boolean> => {
      const result = await attempt(client, database, { task, options: { ...options, limit: { staged, n } } })
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
async function stagedOf(client: Connection, plan: readonly Staged[], error: ServerError): Promise<Staged | undefined> {
  if (error.schema === undefined || error.table === undefined) return plan.length === 1 ? plan[0] : undefined
  const named: TableName = { schema: error.schema, table: error.table }
  const { rows } = await client.query<{ oid: string }>(
    `SELECT coalesce(pg_partition_root(to_regclass($1)), to_regclass($1))::oid AS oid`,
    [qualified(named)],
  )
  return plan.find(({ table }) => table.oid === rows[0]?.oid)
}
