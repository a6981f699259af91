/** One source brought in step with HEAD: an interrupted export ended, HEAD's exports applied, what was decided reported, what is held remembered. Every hook and command starts with it. */
import { logLine } from '../io/log.ts'
import { age } from './age.ts'
import { rememberHeld, type HeldRecord } from './holds.ts'
import { withReviewedStructure, type StructureReview } from './apply-structure.ts'
import { keepPoints } from './keep-points.ts'
import { promoteCandidate } from './binding.ts'
import { waitingMerge } from './waiting-merge.ts'
import type { ReconcilePlan } from './finish-plan.ts'
import { reconcile } from './reconcile.ts'
import type { StoredReport } from './make-report.ts'
import { noticeRestored } from './restored.ts'
import { redo, refuseUndone } from './safety/undone.ts'
import type { AllowedDeletes } from './guard.ts'
import type { Source } from './source.ts'
import { rescueReports, vanishedLines } from './vanished.ts'
import type { Workspace } from './workspace.ts'

export interface Settled {
  readonly source: Source
  readonly plan: ReconcilePlan
  readonly report: StoredReport | undefined
  /** What people should know besides, a line each. */
  readonly notes: readonly string[]
}

export interface SettleOptions {
  readonly head: string
  readonly allowed: AllowedDeletes
  /** A first meeting, uniting both sides. */
  readonly join?: boolean
  /** A sync point that this clone lacks is taken for lost. */
  readonly mayGoBack?: boolean
  /** What would take over two seconds is only planned. */
  readonly mayDefer?: boolean
  /** A merge commit whose drops are taken over. */
  readonly acceptMerge?: string
  /** What `tandem undo` took back is brought in again; else a source that it holds is refused. */
  readonly redo?: boolean
  /** Try again what this database refused, also where nothing moved. */
  readonly retry?: boolean
  /** Asked about additions to the structure; without it, none are made. */
  readonly review?: StructureReview
  /** The additions of this collection only. */
  readonly collection?: string
  /** Commits in which code and data are mixed are taken as they are. */
  readonly takeMixed?: boolean
}

/** @throws DamagedError, UndoneError, UnreachableError, LockedError; GuardError while an undo holds the source */
export async function settle(workspace: Workspace, opened: Source, options: SettleOptions): Promise<Settled> {
  const { dryRun } = workspace.invocation
  const notes = options.redo === true ? await redo(workspace, opened) : []
  if (options.redo !== true) await refuseUndone(workspace, opened)
  if (!dryRun) await promoteCandidate(opened, options.head)
  const restored = await noticeRestored(workspace, opened)
  const { head, review, collection } = options
  const source = review === undefined ? opened : await withReviewedStructure(opened, { head, collection, review })
  const waiting = restored.length > 0 && !dryRun ? await waitingMerge(workspace, source.source) : undefined
  // edits that a pull had met and no export has carried: the backup lacks them
  const first =
    waiting === undefined ? undefined : await bring(workspace, source, { ...options, head: waiting, mayDefer: false })
  const { plan, report, notes: more } = await bring(workspace, source, options)
  return { source, plan, report: report ?? first?.report, notes: [...notes, ...restored, ...more] }
}

async function bring(
  workspace: Workspace,
  source: Source,
  options: SettleOptions,
): Promise<Pick<Settled, 'plan' | 'report' | 'notes'>> {
  const plan = await reconcile(workspace, source, options)
  if (workspace.invocation.dryRun || plan.deferred) return { plan, report: undefined, notes: [] }
  const changes = plan.outcomes.reduce((count, outcome) => count + outcome.changes.length, 0)
  if (changes > 0)
    await logLine(
      workspace.dataDir,
      workspace.invocation.nowMs(),
      `applied ${options.head} to ${source.source}: ${changes} changes`,
    )
  if (plan.state.size > 0) await keepPoints(source, options.head)
  await rescueReports(workspace, plan)
  return { plan, report: plan.report, notes: await vanishedLines(workspace.repository, plan) }
}

/** Remembers what is held, and answers one line for each held collection with its age. */
export async function heldLines(
  workspace: Workspace,
  source: string,
  plan: Pick<ReconcilePlan, 'holds'>,
): Promise<string[]> {
  const ms = workspace.invocation.nowMs()
  const held = workspace.invocation.dryRun
    ? Object.fromEntries([...plan.holds].map(([name, reason]) => [`${source}/${name}`, { reason, since: ms }]))
    : await rememberHeld(workspace.dataDir, source, { holds: plan.holds, ms })
  return linesOf(held, ms)
}

function linesOf(held: HeldRecord, ms: number): string[] {
  return Object.entries(held).map(([name, { reason, since }]) => `${name} is held (${age(ms - since)}): ${reason}`)
}
