/** `tandem export`, and what pre-push does: live → exports, as a data commit or as staged files, after HEAD was applied. */
import { writeReconciled } from '../git/install/stub-state.ts'
import { tidyUp } from './apply.ts'
import type { CarryingHead } from './carrying.ts'
import { requireNoOperation } from './carrying.ts'
import { commitExports, storeCandidate, type ExportCommit } from './commit-export.ts'
import { readCommitted } from './committed.ts'
import { refuseForeign } from './foreign.ts'
import type { AllowedDeletes } from './guard.ts'
import { readForgotten } from './forgotten.ts'
import { readLive } from './live.ts'
import { exportBase } from './waiting-merge.ts'
import { mixedSince, standOn } from './mixed.ts'
import { planExport, type ExportPlan } from './plan-export.ts'
import { heldLines, settle, type Settled } from './settle.ts'
import type { Source } from './source.ts'
import { withLockedSources, type Only, type SourceFailure } from './sources.ts'
import { givenUp, stageOwn } from './staged.ts'
import { takeForeign } from './take-foreign.ts'
import type { Workspace } from './workspace.ts'

export interface ExportOptions {
  readonly head: CarryingHead
  readonly only: Only | undefined
  readonly allowed: AllowedDeletes
  readonly relayout: boolean
  readonly acceptClock: boolean
  /** An unpublished data commit at HEAD may be replaced. */
  readonly replace?: boolean
  /** What commits in which code and data are mixed did to the data is undone: live keeps what it has. */
  readonly keepMixed?: boolean
  /** What somebody else staged or changed below the exports is merged into live first; else an export that would overwrite it is refused. */
  readonly takeForeign?: boolean
}

export interface SourceExport extends Settled {
  readonly exported: ExportPlan
}

export interface ExportResult {
  readonly sources: readonly SourceExport[]
  readonly failures: readonly SourceFailure[]
  readonly held: readonly string[]
  readonly commit: ExportCommit | undefined
}

/** Exports every source into one data commit; undefined commit: nothing to carry. A source that fails is left out. @throws GuardError, LockedError, UsageError */
export async function exportAndCommit(workspace: Workspace, options: ExportOptions): Promise<ExportResult> {
  return exportSources(workspace, options, async (sources) => {
    if (workspace.invocation.dryRun) return undefined
    await requireNoOperation(workspace)
    const planned = sources.map(({ source, exported }) => ({ source, plan: exported }))
    const commit = await commitExports(workspace, planned, options)
    return commit
  })
}

/** Exports every source into the work tree and the index; the next data commit takes exactly these along. */
export async function exportAndStage(workspace: Workspace, options: ExportOptions): Promise<ExportResult> {
  return exportSources(workspace, options, async (sources) => {
    if (workspace.invocation.dryRun) return undefined
    const head = options.head.commit
    const exported = sources.flatMap((each) => each.exported.collections.flatMap(({ writes }) => [...writes]))
    const writes = new Map<string, Buffer | undefined>(exported)
    const names = sources.map(({ source }) => source.source)
    await refuseForeign(workspace, { head, files: writes.keys(), sources: names })
    for (const [file, bytes] of await givenUp(workspace, { head, writes, sources: names })) writes.set(file, bytes)
    const tree = await stageOwn(workspace, { head, writes })
    for (const each of sources) await storeCandidate(each.source, each.exported, { tree, head })
    return undefined
  })
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
      const whole = failures.length === 0 && held.length === 0 && options.only === undefined
      const head = { ...options.head, commit: commit?.commit ?? options.head.commit }
      if (whole && !workspace.invocation.dryRun) await writeReconciled(workspace.repository.commonDir, head)
      return { sources, failures, held, commit }
    },
  })
}

/** Live holds all that may not be overwritten. */
async function inStep(workspace: Workspace, source: Source, options: ExportOptions): Promise<Settled> {
  const { allowed } = options
  const head = options.head.commit
  const settled = await settle(workspace, source, { head, allowed })
  if (options.takeForeign !== true || workspace.invocation.dryRun) return settled
  return takeForeign(workspace, source, { head, allowed, settled })
}

/** Live takes what came before each mixed commit, and then stands on it as it is. */
async function keepLive(workspace: Workspace, source: Source, { head, allowed }: ExportOptions): Promise<void> {
  for (const kept of await mixedSince(source, head.commit)) {
    await settle(workspace, source, { head: kept.parent, allowed })
    await standOn(source, kept)
  }
}

async function exportOne(workspace: Workspace, source: Source, options: ExportOptions): Promise<SourceExport> {
  if (options.keepMixed === true && !workspace.invocation.dryRun) await keepLive(workspace, source, options)
  const settled = await inStep(workspace, source, options)
  const names = [...source.selections].filter(([, { schema }]) => schema.key.length > 0).map(([name]) => name)
  const live = await readLive(source, names)
  const base = await exportBase(workspace, source.source, options.head.commit)
  const head = await readCommitted(source, base)
  const exported = await planExport(source, {
    live,
    head,
    base: async (name) => {
      const point = live.sync.points.get(name)
      return point === undefined ? undefined : (await readCommitted(source, point.commit)).get(name)
    },
    held: settled.plan.holds,
    allowed: options.allowed,
    relayout: options.relayout,
    forgotten: await readForgotten(workspace),
  })
  return { ...settled, exported }
}
