/** The merge of HEAD with what live had edited, that waits under refs/tandem/live for the next export: which there is, what an export stands on, what a joint one does. */
import { commitTree, treeWithFiles } from '../git/data-commit.ts'
import { commitsOf, ruleTrailers, type CommitFacts } from '../git/history.ts'
import { filesAt } from '../git/tree.ts'
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
  const waiting = await waitingMerge(workspace, source)
  if (waiting === undefined) return head
  return (await factsOf(workspace, waiting)).parents[0] === head ? waiting : head
}

/** What a commit says of itself. */
export async function factsOf({ repository }: Workspace, commit: string): Promise<CommitFacts> {
  const [facts] = await commitsOf(repository, ['--max-count=1', commit])
  return facts as CommitFacts
}

/**
 * What a data commit of these sources stands on: HEAD, or the waiting merge of the one source that has one. Where several have, a commit joins them, each with its own
 * source's files.
 */
export async function joinedBase(workspace: Workspace, sources: readonly string[], head: string): Promise<string> {
  const { repository, config } = workspace
  const held = new Map(config.sources.map(({ name }) => [name, [`${name}/*`]]))
  let base = head
  for (const source of sources) {
    const own = await exportBase(workspace, source, head)
    if (own === head) continue
    held.set(
      source,
      (await heldIn(workspace, source, own)).filter((name) => name.startsWith(`${source}/`)),
    )
    if (base === head) {
      base = own
      continue
    }
    const files = await filesAt(repository, own, `${config.exports}/${source}`)
    const ids = new Map([...files].map(([file, { id }]) => [file, id]))
    const tree = await treeWithFiles(repository, base, ids)
    const trailers = ruleTrailers({ parent: base, tree, held: [...held.values()].flat() })
    const message = [`data: merge ${source}`, '', ...trailers, ''].join('\n')
    base = await commitTree(repository, tree, { parents: [base, own], message })
  }
  return base
}

/** What of a source a waiting merge does not hold by the rule. */
export async function heldIn(workspace: Workspace, source: string, waiting: string): Promise<readonly string[]> {
  const { rule, held } = await factsOf(workspace, waiting)
  return rule === undefined ? [`${source}/*`] : held
}

/** The waiting merge is in a branch's history now. */
export async function forgetWaiting(workspace: Workspace, source: string): Promise<void> {
  if ((await waitingMerge(workspace, source)) === undefined) return
  await workspace.repository.git(['update-ref', '-d', liveRef(source)])
}
