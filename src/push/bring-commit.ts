/** Brings branch, index and work tree to a data commit that was made, or that a push has sent. */
import { type BringOptions, bringAlong } from '../git/data-commit.ts'
import { differingFiles } from '../git/objects/trees.ts'
import type { FileIds } from '../git/work-tree.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { ownStaged, rememberStaged } from './staged.ts'

/** Moves the branch `ref` from `from` to `commit`, with the files of the exports that differ. @throws LockedError when the index is in use, or the branch is no longer at `from` */
export async function bringDataCommit(
  workspace: Workspace,
  move: Pick<BringOptions, 'ref' | 'from' | 'contents'> & { readonly commit: string },
): Promise<void> {
  const { repository } = workspace
  const { commit, ...options } = move
  const files = await changesBetween(workspace, move.from, commit)
  const staged = await ownStaged(workspace)
  await rememberStaged(workspace, files)
  await bringAlong(repository, { commit, files }, { ...options, staged })
}

/** Every file below the exports in which a commit or tree differs from another: path → blob id; undefined: it is gone. */
export function changesBetween({ repository, config }: Workspace, from: string, to: string): Promise<FileIds> {
  return differingFiles(repository, { from, to, folder: config.exports })
}
