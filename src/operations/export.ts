/** `tandem export`, and what pre-push does: live → exports, as a data commit or as staged files, after HEAD was applied. */
import { readCommitted, readRecords } from '../exports/committed.ts'
import { clearReconciled, writeReconciled } from '../git/install/stub-state.ts'
import { commitExports, prepareCommit } from '../push/commit-export.ts'
import { type ExportOptions, type ExportResult, type SourceExport, exportSources } from '../push/export-sources.ts'
import { refuseForeign } from '../push/foreign.ts'
import type { PlannedSource } from '../push/plan-export.ts'
import { stagedButReverted, stageOwn } from '../push/staged.ts'
import { storeCandidate } from '../sync-point/candidate.ts'
import { requireNoOperation } from '../workspace/carrying.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Exports every source into one data commit; undefined commit: nothing to carry. A source that fails is left out. @throws GuardError, LockedError, UsageError */
export async function exportAndCommit(workspace: Workspace, options: ExportOptions): Promise<ExportResult> {
  return reconciled(
    workspace,
    options,
    await exportSources(workspace, options, async (sources) => {
      if (workspace.invocation.dryRun) return undefined
      await requireNoOperation(workspace)
      return commitExports(workspace, planned(sources), options)
    }),
  )
}

/** The same for a push that is going on: the commit is made, and the branch stays where it is until `finishPush`. @throws as exportAndCommit */
export async function exportForPush(workspace: Workspace, options: ExportOptions): Promise<ExportResult> {
  const result = await exportSources(workspace, options, async (sources) => {
    await requireNoOperation(workspace)
    return prepareCommit(workspace, planned(sources), options)
  })
  if (result.commit === undefined) return reconciled(workspace, options, result)
  // until the push has ended the next hook has to look
  await clearReconciled(workspace.repository.commonDir)
  return result
}

function planned(sources: readonly SourceExport[]): PlannedSource[] {
  return sources.map(({ source, exported }) => ({ source, plan: exported }))
}

/** Tells the hooks' stub that the databases agree with the branch. */
async function reconciled(workspace: Workspace, { head }: ExportOptions, result: ExportResult): Promise<ExportResult> {
  const commit = result.commit?.commit ?? head.commit
  if (result.isWhole && !workspace.invocation.dryRun)
    await writeReconciled(workspace.repository.commonDir, { ...head, commit })
  return result
}

/** `--full`: every line of the exports at HEAD is read and checked, also in files that no record has changed in. @throws DamagedError naming file, line and key */
export async function checkExports(
  { repository, config }: Workspace,
  { head, only }: Pick<ExportOptions, 'head' | 'only'>,
): Promise<void> {
  for (const { name: source } of config.sources) {
    if (only !== undefined && only.source !== source) continue
    const place = { repository, exportsFolder: config.exports, source }
    for (const collection of (await readCommitted(place, head.commit)).values()) await readRecords(place, collection)
  }
}

/** Exports every source into the work tree and the index; the next data commit takes exactly these along. */
export async function exportAndStage(workspace: Workspace, options: ExportOptions): Promise<ExportResult> {
  const result = await exportSources(workspace, options, async (sources) => {
    if (workspace.invocation.dryRun) return undefined
    const head = options.head.commit
    const exported = sources.flatMap((each) => each.exported.collections.flatMap(({ writes }) => [...writes]))
    const writes = new Map<string, Buffer | undefined>(exported)
    const names = sources.map(({ source }) => source.source)
    await refuseForeign(workspace, { head, files: writes.keys(), sources: names })
    for (const [file, bytes] of await stagedButReverted(workspace, { head, writes, sources: names }))
      writes.set(file, bytes)
    const tree = await stageOwn(workspace, { head, writes })
    for (const each of sources) await storeCandidate(each.source, each.exported, { tree, head })
    return undefined
  })
  return reconciled(workspace, options, result)
}
