/** What `tandem undo` can be asked for: going back, publishing, and the list of what there is. */
import { UsageError } from '../model/errors.ts'
import { publish } from './safety/undone.ts'
import { listSafety, undo, type ListedSafety, type UndoResult } from './safety/undo.ts'
import type { Source } from './source.ts'
import { withSources, type Only, type SourceFailure } from './sources.ts'
import type { Workspace } from './workspace.ts'

/** @throws UsageError, GuardError, LockedError, UnreachableError */
export async function undoSource(
  workspace: Workspace,
  options: { readonly only: Only | undefined; readonly snapshot: string | undefined },
): Promise<UndoResult> {
  return inOneSource(workspace, options.only, (source) => undo(workspace, source, options.snapshot))
}

/** Lets a source that an undo holds go as it is; answers its name. @throws UsageError when none is held */
export async function publishUndone(workspace: Workspace, only: Only | undefined): Promise<string> {
  return inOneSource(workspace, only, async (source) => {
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

/** @throws UsageError when it is not clear which source is meant */
async function inOneSource<Result>(
  workspace: Workspace,
  only: Only | undefined,
  work: (source: Source) => Promise<Result>,
): Promise<Result> {
  const names = workspace.config.sources.map(({ name }) => name)
  if (only === undefined && names.length > 1)
    throw new UsageError(`undo works on one source: ${names.join(', ')}`, { hint: `For example: --only ${names[0]}` })
  if (only?.collection !== undefined)
    throw new UsageError(`undo takes back whole applies, not ${only.source}/${only.collection} alone`, {
      hint: 'For one collection or record: tandem restore --at REV --collection NAME --key KEY',
    })
  return withSources(workspace, only, {
    each: work,
    after: async ([result], [failure]) => {
      if (failure !== undefined) throw failure.error
      return result as Result
    },
  })
}
