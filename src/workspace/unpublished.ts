/** Remembers the data commit that was not pushed yet. Nobody else can have it, so the next export replaces it instead of adding another one. Separate from making commits, because pushes change it too. */
import { commitAt, isShared } from '../git/history/commits.ts'
import { type Memory, memory } from './memory.ts'
import type { Workspace } from './workspace.ts'

/** The id of that commit; empty when there is none. */
function unpublished(workspace: Workspace): Memory<string> {
  return memory(workspace, 'unpublished', '')
}

/** Remembers a data commit that only this clone has. */
export async function markReplaceable(workspace: Workspace, commit: string): Promise<void> {
  await unpublished(workspace).write(commit)
}

/** Called when a push begins: others may see what it sends even if it fails, so no data commit made so far is replaced any more. */
export async function markPublished(workspace: Workspace): Promise<void> {
  await unpublished(workspace).write('')
}

/** The parent for a commit that replaces `head`, when `head` is this clone's unpublished data commit. undefined when `head` has to stay; also where the branch has no upstream. */
export async function replaceable(workspace: Workspace, head: string): Promise<string | undefined> {
  const own = await unpublished(workspace).read()
  const upstream = await workspace.repository.git(['rev-parse', '--verify', '--quiet', '@{upstream}'], {
    answers: [1, 128],
  })
  if (upstream === '') return undefined
  if (own !== head || (await isShared(workspace.repository, head))) return undefined
  const commit = await commitAt(workspace.repository, head)
  return commit.parents.length === 1 ? commit.parents[0] : undefined
}
