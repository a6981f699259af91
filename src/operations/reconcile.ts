/**
 * Brings what HEAD's exports hold into the live database: the one operation behind every hook and `tandem apply`. Level-triggered: it compares HEAD with the sync
 * point that the database itself keeps, so it does not matter which git command moved HEAD, or how often it runs. It makes no commit.
 */
import type { ApplyOutcome } from '../model/change.ts'
import type { CollectionSchema } from '../model/collection.ts'
import { LockedError, TandemError } from '../model/errors.ts'
import type { Holds } from './holds.ts'
import { planReconciliation, type PlanOptions, type ReconcilePlan } from './plan-reconcile.ts'
import type { Source } from './source.ts'
import type { Workspace } from './workspace.ts'

type Counts = Extract<ApplyOutcome, { readonly status: 'applied' }>

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
  const refused: Holds = new Map()
  let attempted = await attempt(workspace, source, { ...options, refused })
  for (let again = 1; again < ATTEMPTS && attempted.outcome !== 'done'; again++) {
    const { outcome, touched, ms } = attempted
    const next = (at: Source): Promise<Attempted> => attempt(workspace, at, { ...options, refused })
    // somebody writes into the same records: he waits while they are read, merged and written once more
    const isAlone = ms <= EXCLUSIVE_LIMIT_MS
    attempted = isAlone
      ? await source.adapter.exclusively(touched, (adapter) => next({ ...source, adapter }))
      : await next(source)
    if (isAlone && attempted.outcome === outcome) holdReferenced(source, attempted.plan, { refused, reason: outcome })
  }
  if (attempted.outcome === 'done') return attempted.plan
  throw new LockedError(`source ${source.source}: records changed again and again while HEAD was being applied`, {
    hint: 'Run: tandem apply',
  })
}

interface Attempted {
  readonly plan: ReconcilePlan
  /** `done`, or why it has to be planned again. */
  readonly outcome: string
  /** What the plan writes into. */
  readonly touched: readonly CollectionSchema[]
  readonly ms: number
}

async function attempt(workspace: Workspace, source: Source, options: Attempt): Promise<Attempted> {
  const start = workspace.invocation.nowMs()
  const plan = await planReconciliation(workspace, source, options)
  const touched = plan.changes.map(({ selection }) => selection.schema)
  const isLong = options.mayDefer === true && changesOf(plan) > HOOK_LIMIT
  if (isLong) return { plan: { ...plan, deferred: true }, outcome: 'done', touched, ms: 0 }
  const outcome = workspace.invocation.dryRun ? 'done' : await perform(source, plan, options.refused)
  return { plan, outcome, touched, ms: workspace.invocation.nowMs() - start }
}

interface Attempt extends ReconcileOptions {
  readonly refused: Holds
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
  const changes = plan.changes.flatMap((each) => each.changes)
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

/** `done`, or why it has to be planned again: live moved, or a collection was refused (it stands in `refused` then). */
async function perform(source: Source, plan: ReconcilePlan, refused: Holds): Promise<string> {
  if (plan.state.size === 0) return 'done'
  if (plan.changes.length === 0)
    return (await source.adapter.writeState(plan.state, plan.expected)) ? 'done' : 'the sync point moved'
  const outcome = await source.adapter.apply({
    collections: plan.changes,
    state: plan.state,
    expectedState: plan.expected,
  })
  if (outcome.status === 'stale') return outcome.reason
  if (outcome.status === 'violation') {
    refused.set(outcome.collection, `record ${outcome.key ?? ''} violates ${outcome.constraint}: ${outcome.message}`)
    return `violation of ${outcome.constraint}`
  }
  checkCounts(source, plan, outcome)
  return 'done'
}
