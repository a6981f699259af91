/** Which commits git is merging when it calls the merge driver, so that the driver goes by the same history as everybody else. */
import { commitBeingMerged, readHead } from '../../git/head.ts'
import type { Workspace } from '../../workspace/workspace.ts'

export interface CommitsThatMerge {
  /** undefined before the first commit. */
  readonly head: string | undefined
  /** The commit that a true merge takes in. git names it by a variable GITHEAD_<id>; in a rebase or cherry-pick there is none. */
  readonly merged: string | undefined
  /** The commit that git takes in, however; undefined where git does not tell, as while it picks a commit. */
  readonly incoming: string | undefined
  /** True in a rebase or cherry-pick, in which ours is what others have. */
  readonly isRebase: boolean
}

/** Asks git and the environment that it gives to the driver. */
export async function commitsThatMerge(workspace: Workspace): Promise<CommitsThatMerge> {
  const head = (await readHead(workspace.repository)).commit
  const merged = headsNamed(workspace).find((id) => id !== head)
  if (merged !== undefined) return { head, merged, incoming: merged, isRebase: false }
  const incoming = await commitBeingMerged(workspace.repository)
  return { head, merged, incoming: incoming?.id, isRebase: incoming?.by !== 'merge' }
}

/** The commits in the names of variables GITHEAD_<id>. */
export function headsNamed({ invocation }: Workspace): string[] {
  return Object.keys(invocation.environment).flatMap((name) => /^GITHEAD_([0-9a-f]{40,64})$/.exec(name)?.[1] ?? [])
}
