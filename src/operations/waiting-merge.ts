/** The merge of HEAD with what live had edited, that waits under refs/tandem/live for the next export: which there is, what an export stands on, what a joint one does. */
import { commitTree, treeWithFiles } from '../git/data-commit.ts'
import { commitAt, heldName, ruleTrailers, type CommitFacts } from '../git/history.ts'
import { blobIds, filesAt } from '../git/tree.ts'
import type { Workspace } from './workspace.ts'

/** The ref that holds a source's waiting merge. */
export function liveRef(source: string): string {
  return `refs/tandem/live/${source}`
}

/** The merge that waits for the next export, if there is one. */
export async function waitingMerge(workspace: Workspace, source: string): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', liveRef(source)]
  return (await workspace.repository.git(args, { answers: [1] })) || undefined
}

/** The commit that an export of the source stands on: the merge that waits on HEAD, else HEAD. */
export async function exportBase(workspace: Workspace, source: string, head: string): Promise<string> {
  return (await waitingOn(workspace, source, head))?.id ?? head
}

async function waitingOn(workspace: Workspace, source: string, head: string): Promise<CommitFacts | undefined> {
  const waiting = await waitingMerge(workspace, source)
  const merge = waiting === undefined ? undefined : await commitAt(workspace.repository, waiting)
  return merge?.parents[0] === head ? merge : undefined
}

/**
 * What a data commit of these sources stands on: HEAD, or the waiting merge of the one source that has one. Where several have, a commit joins them, each with its own
 * source's files.
 */
export async function joinedBase(workspace: Workspace, sources: readonly string[], head: string): Promise<string> {
  const { repository, config } = workspace
  const held = new Map(config.sources.map(({ name }) => [name, [heldName(name)]]))
  let base = head
  for (const source of sources) {
    const own = await waitingOn(workspace, source, head)
    if (own === undefined) continue
    held.set(
      source,
      heldIn(own, source).filter((name) => name.startsWith(`${source}/`)),
    )
    if (base === head) {
      base = own.id
      continue
    }
    const files = await filesAt(repository, own.id, `${config.exports}/${source}`)
    const tree = await treeWithFiles(repository, base, blobIds(files))
    const trailers = ruleTrailers({ parent: base, tree, held: [...held.values()].flat() })
    const message = [`data: merge ${source}`, '', ...trailers, ''].join('\n')
    base = await commitTree(repository, tree, { parents: [base, own.id], message })
  }
  return base
}

/** What of a source a waiting merge does not hold by the rule. */
export function heldIn({ rule, held }: CommitFacts, source: string): readonly string[] {
  return rule === undefined ? [heldName(source)] : held
}

/** The waiting merge is in a branch's history now. */
export async function forgetWaiting(workspace: Workspace, source: string): Promise<void> {
  if ((await waitingMerge(workspace, source)) === undefined) return
  await workspace.repository.git(['update-ref', '-d', liveRef(source)])
}
