/** Every source brought in step with HEAD, then its export planned; the caller writes it. */
import type { Consent } from '../model/consent.ts'
import { readCommitted } from '../exports/committed.ts'
import { type InStep, bringInStep } from '../pull/bring-in-step.ts'
import { mixedSince, moveSyncPoint } from '../pull/incoming/mixed.ts'
import { heldLines } from '../pull/lines.ts'
import type { Only } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { type SourceFailure, withLockedSources } from '../source/sources.ts'
import { exportBase } from '../sync-point/waiting-merge.ts'
import type { CarryingHead } from '../workspace/carrying.ts'
import { forgottenFields } from '../workspace/forgotten.ts'
import { tidyUp } from '../workspace/leftovers.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ExportCommit } from './make-commit.ts'
import { type Reading, readLiveChanges } from './live-changes.ts'
import { type ExportPlan, planExport } from './plan-export.ts'
import { takeForeign } from './take-foreign.ts'

export interface ExportOptions {
  readonly head: CarryingHead
  readonly only: Only | undefined
  readonly consent: Consent
  readonly reading?: Reading
  /** An unpublished data commit at HEAD may be replaced. */
  readonly replace?: boolean
  /** What somebody else staged or changed below the exports is merged into live first; else an export that would overwrite it is refused. */
  readonly takeForeign?: boolean
}

export interface SourceExport extends InStep {
  readonly exported: ExportPlan
}

export interface ExportResult {
  readonly sources: readonly SourceExport[]
  readonly failures: readonly SourceFailure[]
  readonly held: readonly string[]
  readonly commit: ExportCommit | undefined
  /** Every source took part, and no collection is held. */
  readonly isWhole: boolean
}

/** Plans the export of every source, HEAD applied first; `write` does with it what is wanted, while the databases are still connected. */
export async function exportSources(
  workspace: Workspace,
  options: ExportOptions,
  write: (sources: readonly SourceExport[]) => Promise<ExportCommit | undefined>,
): Promise<ExportResult> {
  await tidyUp(workspace)
  return withLockedSources(workspace, options, {
    each: (source) => exportOne(workspace, source, options),
    after: async (sources, failures) => {
      const commit = await write(sources)
      const held: string[] = []
      for (const { source, exported } of sources) held.push(...(await heldLines(workspace, source.source, exported)))
      const isWhole = failures.length === 0 && held.length === 0 && options.only === undefined
      return { sources, failures, held, commit, isWhole }
    },
  })
}

/** Live holds all that may not be overwritten. */
async function withHead(workspace: Workspace, source: Source, options: ExportOptions): Promise<InStep> {
  const { consent } = options
  const head = options.head.commit
  const inStep = await bringInStep(workspace, source, { head, consent })
  if (options.takeForeign !== true || workspace.invocation.dryRun) return inStep
  return takeForeign(workspace, inStep.source, { head, consent, inStep })
}

/** Live takes what came before each mixed commit, and then stands on it as it is. */
async function keepLive(workspace: Workspace, source: Source, { head, consent }: ExportOptions): Promise<void> {
  for (const kept of await mixedSince(source, head.commit)) {
    await bringInStep(workspace, source, { head: kept.parent, consent })
    await moveSyncPoint(source, kept)
  }
}

async function exportOne(workspace: Workspace, opened: Source, options: ExportOptions): Promise<SourceExport> {
  if (options.consent.mixed === 'keep' && !workspace.invocation.dryRun) await keepLive(workspace, opened, options)
  const inStep = await withHead(workspace, opened, options)
  // collections that HEAD brought were made, in a dry run they were not
  const source = workspace.invocation.dryRun ? opened : inStep.source
  const base = await exportBase(workspace, source.source, options.head.commit)
  const head = await readCommitted(source, base)
  const live = await readLiveChanges(source, {
    head,
    nowMs: workspace.invocation.nowMs(),
    ...options.reading,
  })
  const exported = await planExport(source, {
    live,
    committed: {
      head,
      base: async (name) => {
        const point = live.sync.points.get(name)
        return point === undefined ? undefined : (await readCommitted(source, point.commit)).get(name)
      },
    },
    held: inStep.plan.holds,
    consent: options.consent,
    relayout: options.reading?.relayout === true,
    forgotten: await forgottenFields(workspace).read(),
  })
  return { ...inStep, exported }
}
