/**
 * Brings what HEAD's exports hold into the live database: the one operation behind every hook and `tandem apply`. Level-triggered: it compares HEAD with the sync
 * point that the database itself keeps, so it does not matter which git command moved HEAD, or how often it runs. It makes no commit.
 */
import type { KeyText } from '../model/canonical.ts'
import type { ApplyOutcome } from '../model/change.ts'
import type { CollectionSchema } from '../model/collection.ts'
import { LockedError, TandemError, UndoneError } from '../model/errors.ts'
import type { Holds } from '../source/holds.ts'
import type { Source } from '../source/source.ts'
import { planningLimitMs } from '../workspace/hook-limit.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Refusal } from './constraints/refusals.ts'
import { finishPlan } from './finish-plan.ts'
import { planOfNothing, readIncoming } from './incoming/incoming.ts'
import { inParts } from './incoming/read-mergeable.ts'
import { loadEmpty } from './load-empty.ts'
import { prepareReconciliation } from './make-plan.ts'
import type { PlanOptions, ReconcilePlan } from './plan.ts'
import { openJoined } from './report.ts'
import { type Failure, NOT_PERFORMED, writeReported } from './write-plan.ts'

type Violation = Extract<ApplyOutcome, { readonly status: 'violation' }>

/** What the database refused so far: single records, and collections in which no record could be told. */
interface Refused {
  readonly holds: Holds
  readonly records: Map<string, Map<KeyText, Refusal>>
}

/** So many refused records of one collection are no accident: its structure is another one here. */
const MOST_REFUSED = 200

export interface ReconcileOptions extends Omit<PlanOptions, 'refused'> {
  /** What would take too long for a hook is only planned. */
  readonly mayDefer?: boolean
}

/** Changes that an apply makes in about two seconds: more are not even begun in a hook. */
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
 * @throws DamagedError, UnreachableError; LockedError when live kept changing; UndoneError when the database refused it in every attempt
 */
export async function reconcile(
  workspace: Workspace,
  source: Source,
  options: ReconcileOptions,
): Promise<ReconcilePlan> {
  const refused: Refused = { holds: new Map(), records: new Map() }
  const reasons: string[] = []
  let round = await playRound(workspace, source, { ...options, refused })
  // it ends: a refusal holds one more collection, and for anything else there are so many attempts
  for (let again = 1; again < ATTEMPTS && round.failure !== undefined;) {
    const { failure, touched, ms } = round
    reasons.push(wordsOf(failure))
    const whole = reasons.length > 1
    const next = (at: Source): Promise<Round> => playRound(workspace, at, { ...options, refused, whole })
    if (failure.status !== 'violation' || refused.holds.has(failure.collection)) again++
    if (failure.status === 'violation') holdRefused(refused.holds, failure)
    // somebody writes into the same records: he waits while they are read, merged and written once more
    const isAlone = failure.status === 'stale' && ms <= EXCLUSIVE_LIMIT_MS
    round = isAlone
      ? await source.adapter.exclusively(touched, (adapter) => next({ ...source, adapter }))
      : await next(source)
    if (isAlone && round.failure?.status === 'stale' && round.failure.reason === failure.reason)
      holdReferenced(source, round.plan, { refused: refused.holds, reason: failure.reason })
  }
  if (round.failure === undefined) return round.plan
  throw notApplied(source, round.failure, reasons)
}

function wordsOf(failure: Failure): string {
  return failure.status === 'stale'
    ? failure.reason
    : `record ${failure.key ?? ''} of ${failure.collection}: ${failure.message}`
}

/** Every attempt failed. Only where it was for another reason each time is it certain that somebody keeps writing. */
function notApplied(source: Source, failure: Failure, reasons: readonly string[]): TandemError {
  const last = wordsOf(failure)
  if (failure.status === 'stale' && reasons.some((reason) => reason !== last))
    return new LockedError(`source ${source.source}: records changed again and again while HEAD was being applied`, {
      hint: 'Run: tandem apply',
    })
  return new UndoneError(`source ${source.source}: HEAD cannot be applied: ${last}`, {
    hint: 'Correct that in the database, then run: tandem apply',
  })
}

interface Round {
  readonly plan: ReconcilePlan
  /** Why it has to be planned again; undefined when it is done. */
  readonly failure: Failure | undefined
  /** What the plan writes into. */
  readonly touched: readonly CollectionSchema[]
  readonly ms: number
}

interface RoundOptions extends ReconcileOptions {
  readonly refused: Refused
}

function playRound(workspace: Workspace, source: Source, options: RoundOptions): Promise<Round> {
  return inParts((whole) => playRead(workspace, source, { ...options, whole: whole || options.whole === true }))
}

/** One reading and merging, written as often as single records have to be left out of it. */
async function playRead(workspace: Workspace, source: Source, { refused, ...options }: RoundOptions): Promise<Round> {
  const start = workspace.invocation.nowMs()
  const planned = { ...options, refused: refused.holds }
  const incoming = await readIncoming(source, planned)
  const nothing = planOfNothing(incoming, planned)
  if (nothing !== undefined) return { plan: nothing, failure: undefined, touched: [], ms: 0 }
  const loaded = await loadEmpty(workspace, source, { incoming, options: planned, limit: HOOK_LIMIT })
  if (loaded !== undefined) return { plan: loaded, failure: undefined, touched: [], ms: 0 }
  const prepared = await prepareReconciliation(workspace, source, { incoming, options: planned })
  const joinedAt = openJoined(source)
  for (;;) {
    const plan = await finishPlan(source, prepared, refused.records)
    const touched = plan.changes.map(({ selection }) => selection.schema)
    const isLong = changesOf(plan) > HOOK_LIMIT || workspace.invocation.nowMs() - start > planningLimitMs(workspace)
    if (isLong && options.mayDefer === true)
      return { plan: { ...plan, deferred: true }, failure: undefined, touched, ms: 0 }
    const kind = options.consent.init === 'join' ? 'join' : 'apply'
    const { failure, report } = workspace.invocation.dryRun
      ? NOT_PERFORMED
      : await writeReported({ workspace, source, kind, joinedAt }, plan)
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
