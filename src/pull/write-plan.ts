/** Writes one plan into live: first the report that explains it, then records, sync points and what is set aside, in one transaction. */
import { NotRead } from '../git/history/lazily.ts'
import { addWaiting, dropWaiting } from '../git/waiting.ts'
import type { ApplyOutcome, ApplyPlan } from '../model/change.ts'
import { DamagedError, TandemError, UndoneError } from '../model/errors.ts'
import { expectedPending, pendingEntry } from '../quarantine/pending.ts'
import { applySafely } from '../safety/apply-safely.ts'
import type { Source } from '../source/source.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ReconcilePlan, StoredReport } from './plan.ts'
import { type JoinedAt, makeReport } from './report.ts'

type Counts = Extract<ApplyOutcome, { readonly status: 'applied' }>

/** Why the database did not take a plan: live moved meanwhile, or it refused a record. */
export type Failure = Exclude<ApplyOutcome, Counts>

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

export interface Performed {
  /** Why it has to be planned again: live moved, or a record was refused; undefined when it is done. */
  readonly failure: Failure | undefined
  readonly report: StoredReport | undefined
}

/** What a dry run has done. */
export const NOT_PERFORMED: Performed = { failure: undefined, report: undefined }

export interface Performing {
  readonly workspace: Workspace
  readonly source: Source
  readonly kind: 'apply' | 'join'
  readonly joinedAt: JoinedAt
}

/** What is decided is written down first: whoever dies after the apply has said why. */
export async function writeReported(at: Performing, plan: ReconcilePlan): Promise<Performed> {
  const { repository } = at.workspace
  const report = await makeReport(at.workspace, at.source, { plan, joinedAt: at.joinedAt })
  if (report !== undefined) await addWaiting(repository, report.files)
  try {
    const failure = await write(at, plan)
    if (failure !== undefined && report !== undefined) await dropWaiting(repository, report.files)
    return { failure, report }
  } catch (error) {
    // after any other error nobody knows whether it was applied
    if (isBefore(error) && report !== undefined) await dropWaiting(repository, report.files)
    throw error
  }
}

/** Nothing was applied: the database says so, or the safety snapshot could not be made. */
function isBefore(error: unknown): boolean {
  return error instanceof UndoneError || error instanceof NotRead || error instanceof DamagedError
}

async function write(at: Performing, plan: ReconcilePlan): Promise<Failure | undefined> {
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
