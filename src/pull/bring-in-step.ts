/** One source brought in step with HEAD: an interrupted export ended, HEAD's exports applied, what was decided reported, what is held remembered. Every hook and command starts with it. */
import type { Consent } from '../model/consent.ts'
import { logLine } from '../io/log.ts'
import { quarantinedIn } from '../quarantine/list.ts'
import { counted } from '../report/counted.ts'
import { unplacedIn } from '../report/report.ts'
import { redo, refuseUndone } from '../safety/undone.ts'
import { type StructureReview, withReviewedStructure } from '../schema/review.ts'
import { withUndeclared } from '../schema/undeclared.ts'
import type { Source } from '../source/source.ts'
import { promoteCandidate } from '../sync-point/candidate.ts'
import { keepPoints } from '../sync-point/keep-points.ts'
import { waitingMerge } from '../sync-point/waiting-merge.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { reconcile } from './apply-plan.ts'
import { outcomeChanges } from './outcome-count.ts'
import type { ReconcilePlan, StoredReport } from './plan.ts'
import { noticeOlderBackup } from './older-backup.ts'
import { rescueReports, vanishedLines } from './vanished.ts'

export interface InStep {
  readonly source: Source
  readonly plan: ReconcilePlan
  readonly report: StoredReport | undefined
  /** What people should know besides, a line each. */
  readonly notes: readonly string[]
}

export interface BringInStepOptions {
  readonly head: string
  readonly consent: Consent
  /** What would take too long for a hook is only planned. */
  readonly mayDefer?: boolean
  /** Who is asked about additions to the structure, of one collection or of all; without it, none are made. */
  readonly additions?: { readonly review: StructureReview; readonly collection: string | undefined }
}

/** @throws DamagedError, UndoneError, UnreachableError, LockedError; GuardError while an undo holds the source */
export async function bringInStep(workspace: Workspace, opened: Source, options: BringInStepOptions): Promise<InStep> {
  const { dryRun } = workspace.invocation
  const { head, consent, additions } = options
  const mayRedo = consent.again === 'undone'
  const notes = mayRedo ? await redo(workspace, opened) : []
  if (!mayRedo) await refuseUndone(workspace, opened)
  if (!dryRun) await promoteCandidate(opened, head)
  const restored = await noticeOlderBackup(workspace, opened)
  const reviewed = additions === undefined ? opened : await withReviewedStructure(opened, { head, ...additions })
  const source = await withUndeclared(reviewed, head)
  const waiting = restored.length > 0 && !dryRun ? await waitingMerge(workspace, source.source) : undefined
  // edits that a pull had met and no export has carried: the backup lacks them
  const first =
    waiting === undefined ? undefined : await bringTo(workspace, source, { ...options, head: waiting, mayDefer: false })
  const { plan, report, notes: more } = await bringTo(workspace, source, options)
  return { source, plan, report: report ?? first?.report, notes: [...notes, ...restored, ...more] }
}

async function bringTo(
  workspace: Workspace,
  source: Source,
  options: BringInStepOptions,
): Promise<Pick<InStep, 'plan' | 'report' | 'notes'>> {
  const plan = await reconcile(workspace, source, options)
  if (workspace.invocation.dryRun || plan.deferred) return { plan, report: undefined, notes: [] }
  const changes = outcomeChanges(plan.outcomes)
  if (changes > 0)
    await logLine(
      workspace.dataDir,
      workspace.invocation.nowMs(),
      `applied ${options.head} to ${source.source}: ${changes} changes`,
    )
  if (plan.state.size > 0) await keepPoints(source, options.head)
  await rescueReports(workspace, plan)
  const aside = plan.state.size > 0 ? await quarantineLines(source, plan) : []
  return { plan, report: plan.report, notes: [...aside, ...(await vanishedLines(workspace.repository, plan))] }
}

/** How many records wait in quarantine, unless the report has just said the same number. */
async function quarantineLines(source: Source, { head, report }: ReconcilePlan): Promise<string[]> {
  const { length } = await quarantinedIn(source, head, undefined)
  const isSaid = report !== undefined && unplacedIn(report.report.decisions) === length
  return length === 0 || isSaid
    ? []
    : [`${source.source}: ${counted(length, 'record')} in quarantine (tandem quarantine)`]
}
