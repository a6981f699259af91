/** One source brought in step with HEAD: an interrupted export ended, HEAD's exports applied, what was decided reported, what is held remembered. Every hook and command starts with it. */
import { logLine } from '../io/log.ts'
import { rememberHeld, type HeldRecord } from './holds.ts'
import { keepPoints } from './keep-points.ts'
import { promoteCandidate } from './binding.ts'
import type { ReconcilePlan } from './plan-reconcile.ts'
import { reconcile } from './reconcile.ts'
import { reportReconciliation, type StoredReport } from './store-report.ts'
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
  /** What would take over two seconds is only planned. */
  readonly mayDefer?: boolean
  /** Commits in which code and data are mixed are taken as they are. */
  readonly takeMixed?: boolean
}

/** @throws DamagedError, UndoneError, UnreachableError, LockedError */
export async function settle(workspace: Workspace, source: Source, options: SettleOptions): Promise<Settled> {
  const { dryRun } = workspace.invocation
  if (!dryRun) await promoteCandidate(source, options.head)
  const plan = await reconcile(workspace, source, options)
  if (dryRun || plan.deferred) return { source, plan, report: undefined, notes: [] }
  const report = await reportReconciliation(workspace, source, plan)
  const changes = plan.outcomes.reduce((count, outcome) => count + outcome.changes.length, 0)
  if (changes > 0)
    await logLine(
      workspace.dataDir,
      workspace.invocation.nowMs(),
      `applied ${options.head} to ${source.source}: ${changes} changes`,
    )
  if (plan.state.size > 0) await keepPoints(source, options.head)
  await rescueReports(workspace, plan)
  return { source, plan, report, notes: await vanishedLines(workspace.repository, plan) }
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

/** `just now`, `5 minutes`, `3 hours`, `2 days`. */
export function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} minute${minutes === 1 ? '' : 's'}`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} hour${hours === 1 ? '' : 's'}`
  return `${Math.floor(hours / 24)} days`
}
