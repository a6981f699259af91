/** What `tandem undo` can be asked for: going back, publishing, and the list of what there is. */
import { UsageError } from '../model/errors.ts'
import { type ListedSafety, type UndoResult, listSafety, undo } from '../safety/undo.ts'
import { publish } from '../safety/undone.ts'
import type { Only } from '../source/only.ts'
import { type SourceFailure, inOneSource, withSources } from '../source/sources.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** @throws UsageError, GuardError, LockedError, UnreachableError */
export async function undoSource(
  workspace: Workspace,
  options: { readonly only: Only | undefined; readonly snapshot: string | undefined },
): Promise<UndoResult> {
  return inOneSource(workspace, wholeSource(options.only), (source) => undo(workspace, source, options.snapshot))
}

/** Lets a source that an undo holds go as it is; answers its name. @throws UsageError when none is held */
export async function publishUndone(workspace: Workspace, only: Only | undefined): Promise<string> {
  return inOneSource(workspace, wholeSource(only), async (source) => {
    if (await publish(workspace, source)) return source.source
    throw new UsageError(`${source.source} is not held by an undo`, { hint: 'First: tandem undo' })
  })
}

/** The safety snapshots of each source, newest first. */
export async function listSnapshots(
  workspace: Workspace,
  only: Only | undefined,
): Promise<{
  readonly sources: readonly { readonly source: string; readonly snapshots: readonly ListedSafety[] }[]
  readonly failures: readonly SourceFailure[]
}> {
  return withSources(workspace, only, {
    each: async (source) => ({ source: source.source, snapshots: await listSafety(source) }),
    after: async (sources, failures) => ({ sources, failures }),
  })
}

/** @throws UsageError for a part of a source */
function wholeSource(only: Only | undefined): { readonly only: Only | undefined; readonly verb: string } {
  if (only?.collection === undefined) return { only, verb: 'undo' }
  throw new UsageError(`undo takes back whole applies, not ${only.source}/${only.collection} alone`, {
    hint: 'For one collection or record: tandem restore --at REV --collection NAME --key KEY',
  })
}
