/**
 * Brings what HEAD's exports hold into the live database: the one operation behind every hook and `tandem apply`. Level-triggered: it compares HEAD with the sync
 * point that the database itself keeps, so it does not matter which git command moved HEAD, or how often it runs. It makes no commit.
 */
import { addWaiting, dropWaiting } from '../git/waiting.ts'
import type { KeyText } from '../model/canonical.ts'
import type { ApplyOutcome, ApplyPlan } from '../model/change.ts'
import type { CollectionSchema } from '../model/collection.ts'
import { LockedError, TandemError, UndoneError } from '../model/errors.ts'
import type { Holds } from './holds.ts'
import { finishPlan, type ReconcilePlan } from './finish-plan.ts'
import { makeReport, openJoined, type JoinedAt, type StoredReport } from './make-report.ts'
import type { Refusal } from './answer-refusals.ts'
import { prepareReconciliation, type PlanOptions } from './plan-reconcile.ts'
import { expectedPending, pendingEntry } from './quarantine/pending.ts'
import { applySafely } from './safety/apply-safely.ts'
import type { Source } from './source.ts'
import type { Workspace } from './workspace.ts'

type Counts = Extract<ApplyOutcome, { readonly status: 'applied' }>
type Failure = Exclude<ApplyOutcome, Counts>
type Violation = Extract<ApplyOutcome, { readonly status: 'violation' }>

/** What the database refused so far: single records, and collections in which no record could be told. */
interface Refused {
  readonly holds: Holds
  readonly records: Map<string, Map<KeyText, Refusal>>
}

/** So many refused records of one collection are no accident: its structure is another one here. */
const MOST_REFUSED = 200

export interface ReconcileOptions extends Omit<PlanOptions, 'refused'> {
  /** What would take over two seconds is only planned. */
  readonly mayDefer?: boolean
}

/** Changes that an apply makes in about two seconds. */
const HOOK_LIMIT = 20_000

function changesOf(plan: ReconcilePlan): number {
  return plan.changes.reduce((sum, { changes }) => sum + changes.length, 0)
}

/** Times a plan is made anew because somebody wrote meanwhile. */
const ATTEMPTS = 5

/** Programs that write wait for as long as an attempt takes; beyond this they are left alone, and the attempt may fail again. */
const EXCLUSIVE_LIMIT_MS = 3_000

/**
 * Applies HEAD's exports to live, three-way against the sync point; a dry run only plans.
 * @throws DamagedError, UndoneError, UnreachableError; LockedError when live kept changing
 */
export async function reconcile(
  workspace: Workspace,
  source: Source,
  options: ReconcileOptions,
): Promise<ReconcilePlan> {
  const refused: Refused = { holds: new Map(), records: new Map() }
  let attempted = await attempt(workspace, source, { ...options, refused })
  for (let again = 1; again < ATTEMPTS && attempted.failure !== undefined; again++) {
    const { failure, touched, ms } = attempted
    const next = (at: Source): Promise<Attempted> => attempt(workspace, at, { ...options, refused })
    if (failure.status === 'violation') holdRefused(refused.holds, failure)
    // somebody writes into the same records: he waits while they are read, merged and written once more
    const isAlone = failure.status === 'stale' && ms <= EXCLUSIVE_LIMIT_MS
    attempted = isAlone
      ? await source.adapter.exclusively(touched, (adapter) => next({ ...source, adapter }))
      : await next(source)
    if (isAlone && attempted.failure?.status === 'stale' && attempted.failure.reason === failure.reason)
      holdReferenced(source, attempted.plan, { refused: refused.holds, reason: failure.reason })
  }
  if (attempted.failure === undefined) return attempted.plan
  throw new LockedError(`source ${source.source}: records changed again and again while HEAD was being applied`, {
    hint: 'Run: tandem apply',
  })
}

interface Attempted {
  readonly plan: ReconcilePlan
  /** Why it has to be planned again; undefined when it is done. */
  readonly failure: Failure | undefined
  /** What the plan writes into. */
  readonly touched: readonly CollectionSchema[]
  readonly ms: number
}

interface Attempt extends ReconcileOptions {
  readonly refused: Refused
}

/** One reading and merging, written as often as single records have to be left out of it. */
async function attempt(workspace: Workspace, source: Source, { refused, ...options }: Attempt): Promise<Attempted> {
  const start = workspace.invocation.nowMs()
  const prepared = await prepareReconciliation(workspace, source, { ...options, refused: refused.holds })
  const joinedAt = openJoined(source)
  for (;;) {
    const plan = await finishPlan(source, prepared, refused.records)
    const touched = plan.changes.map(({ selection }) => selection.schema)
    const isLong = options.mayDefer === true && changesOf(plan) > HOOK_LIMIT
    if (isLong) return { plan: { ...plan, deferred: true }, failure: undefined, touched, ms: 0 }
    const kind = options.join === true ? 'join' : 'apply'
    const { failure, report } = workspace.invocation.dryRun
      ? NOT_PERFORMED
      : await performReported({ workspace, source, kind, joinedAt }, plan)
    const ms = workspace.invocation.nowMs() - start
    if (failure?.status !== 'violation' || !mayWithhold(refused, plan, failure))
      return { plan: { ...plan, report }, failure, touched, ms }
    for (const other of failure.others ?? []) mayWithhold(refused, plan, other)
  }
}

/** Notes the refused record, so that the next plan does without it; false where that cannot help. */
function mayWithhold(
  refused: Refused,
  plan: ReconcilePlan,
  { collection, key, constraint }: Pick<Violation, 'collection' | 'key' | 'constraint'>,
): boolean {
  const changed = plan.changes.find(({ selection }) => selection.schema.name === collection)?.changes
  if (key === undefined || changed?.some((change) => change.key === key) !== true) return false
  const records = refused.records.get(collection) ?? new Map<KeyText, Refusal>()
  const times = (records.get(key)?.times ?? 0) + 1
  if (times > 2 || records.size >= MOST_REFUSED) return false
  refused.records.set(collection, records.set(key, { constraint, times }))
  return true
}

function holdRefused(holds: Holds, { collection, key, constraint, message }: Violation): void {
  holds.set(collection, `record ${key ?? ''} violates ${constraint}: ${message}`)
}

/** Read again with nobody writing, and still refused for the same reason: a record to be deleted is referred to. Its collection waits for a person. */
function holdReferenced(
  source: Source,
  plan: ReconcilePlan,
  at: { readonly refused: Holds; readonly reason: string },
): void {
  const parents = new Set(
    [...source.selections.values()].flatMap(({ schema }) => schema.references.map(({ to }) => to)),
  )
  for (const { selection, changes } of plan.changes) {
    const { name } = selection.schema
    if (parents.has(name) && changes.some((change) => change.after === undefined)) at.refused.set(name, at.reason)
  }
}

/** Statistics before and after: what the database says it did must be what was planned. @throws TandemError */
function checkCounts(source: Source, plan: ReconcilePlan, done: Counts): void {
  const changes = plan.changes.flatMap((each) => each.changes).filter(({ before, after }) => before !== after)
  const inserted = changes.filter((change) => change.before === undefined).length
  const deleted = changes.filter((change) => change.after === undefined).length
  const updated = changes.length - inserted - deleted
  if (done.inserted === inserted && done.updated === updated && done.deleted === deleted) return
  throw new TandemError(
    { code: 'counts', exitCode: 1 },
    `source ${source.source}: planned +${inserted} ~${updated} -${deleted}, the database reports +${done.inserted} ~${done.updated} -${done.deleted}`,
    { hint: 'Run: tandem verify' },
  )
}

/** The plan's state, with the records that it sets aside: they are remembered by the same transaction. */
async function withQuarantine(
  source: Source,
  plan: ReconcilePlan,
): Promise<Pick<ApplyPlan, 'state' | 'expectedState'>> {
  if (plan.quarantined.length + plan.released.length === 0) return { state: plan.state, expectedState: plan.expected }
  const now = await source.adapter.readState()
  return {
    state: new Map([...plan.state, pendingEntry(now, { add: plan.quarantined, remove: plan.released })]),
    expectedState: new Map([...plan.expected, expectedPending(now)]),
  }
}

interface Performed {
  /** Why it has to be planned again: live moved, or a record was refused; undefined when it is done. */
  readonly failure: Failure | undefined
  readonly report: StoredReport | undefined
}

const NOT_PERFORMED: Performed = { failure: undefined, report: undefined }

interface Performing {
  readonly workspace: Workspace
  readonly source: Source
  readonly kind: 'apply' | 'join'
  readonly joinedAt: JoinedAt
}

/** What is decided is written down first: whoever dies after the apply has said why. */
async function performReported(at: Performing, plan: ReconcilePlan): Promise<Performed> {
  const { repository } = at.workspace
  const report = await makeReport(at.workspace, at.source, { plan, joinedAt: at.joinedAt })
  if (report !== undefined) await addWaiting(repository, report.files)
  try {
    const failure = await perform(at, plan)
    if (failure !== undefined && report !== undefined) await dropWaiting(repository, report.files)
    return { failure, report }
  } catch (error) {
    // after any other error nobody knows whether it was applied
    if (error instanceof UndoneError && report !== undefined) await dropWaiting(repository, report.files)
    throw error
  }
}

async function perform(at: Performing, plan: ReconcilePlan): Promise<Failure | undefined> {
  const { workspace, source, kind } = at
  if (plan.state.size === 0 && plan.changes.length === 0) return undefined
  const { state, expectedState } = await withQuarantine(source, plan)
  if (plan.changes.length === 0) {
    const isWritten = await source.adapter.writeState(state, expectedState)
    return isWritten ? undefined : { status: 'stale', reason: 'the sync point moved' }
  }
  const outcome = await applySafely(workspace, source, {
    kind,
    plan: { collections: plan.changes, state, expectedState },
    before: new Map(plan.outcomes.map(({ name, before }) => [name, before])),
    state: plan.read,
  })
  if (outcome.status !== 'applied') return outcome
  checkCounts(source, plan, outcome)
  return undefined
}
