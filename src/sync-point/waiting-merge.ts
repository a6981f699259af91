/** The waiting merge: a merge of HEAD with live edits that waits under refs/tandem/live for the next export. Finds it, and from it the parent of the next data commit. */
import { commitTree, treeWithFiles } from '../git/data-commit.ts'
import { type CommitFacts, commitAt, commitNamed } from '../git/history/commits.ts'
import { heldName, ruleTrailers } from '../git/history/trailers.ts'
import { blobIds, filesAt } from '../git/objects/tree.ts'
import { moveOwnRefs } from '../git/own-refs.ts'
import { commitsOf, exportIds, isAncestor } from '../git/history/commits.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** The name of the ref that holds a source's waiting merge. */
export function liveRef(source: string): string {
  return `refs/tandem/live/${source}`
}

/**
 * True when what is built on `base` brings nothing into HEAD's history but what the tool itself made for the next export: `base` is in that history, or a waiting merge whose own
 * edits stand there. What HEAD has left behind (a rebase, filtered or forced history) must not come back as somebody's parent.
 */
export async function standsOnHead({ repository }: Workspace, base: string, head: string): Promise<boolean> {
  for (let at = base; ;) {
    if (await isAncestor(repository, at, head)) return true
    const merge = await commitAt(repository, at)
    const [first, edits, ...more] = merge.parents
    if (merge.rule === undefined || first === undefined || edits === undefined || more.length > 0) return false
    if (!(await isAncestor(repository, first, head))) return false
    if (await isAncestor(repository, edits, head)) return true
    const own = await commitAt(repository, edits)
    const [below, ...others] = own.parents
    if (own.exportId === undefined || below === undefined || others.length > 0) return false
    at = below // it ends: histories are finite
  }
}

/** True when a waiting merge can be made anew with HEAD: its edits stand in HEAD's history, and HEAD holds the data of the commit with which it was made, if only in copies (an amend, a rebase). */
export async function editsStandOnHead(workspace: Workspace, waiting: string, head: string): Promise<boolean> {
  const { repository } = workspace
  const [first, edits] = (await commitAt(repository, waiting)).parents
  if (first === undefined || edits === undefined) return false
  const [below] = (await commitAt(repository, edits)).parents
  if (below === undefined || !(await standsOnHead(workspace, below, head))) return false
  const lost = (await commitsOf(repository, [first, '--not', head])).filter(({ exportId }) => exportId !== undefined)
  const there = exportIds(lost.length === 0 ? [] : await commitsOf(repository, [head, '--not', first]))
  return lost.every(({ exportId }) => there.has(exportId as string))
}

/** The id of the source's waiting merge; undefined when there is none. */
export async function waitingMerge(workspace: Workspace, source: string): Promise<string | undefined> {
  return commitNamed(workspace.repository, liveRef(source))
}

/** The parent of the source's next data commit: the waiting merge if it was made on `head`, else `head`. */
export async function exportBase(workspace: Workspace, source: string, head: string): Promise<string> {
  return (await waitingOn(workspace, source, head))?.id ?? head
}

async function waitingOn(workspace: Workspace, source: string, head: string): Promise<CommitFacts | undefined> {
  const waiting = await waitingMerge(workspace, source)
  const merge = waiting === undefined ? undefined : await commitAt(workspace.repository, waiting)
  return merge?.parents[0] === head ? merge : undefined
}

/**
 * The parent of a data commit of these sources: `head`, or the waiting merge of the one source that has one. If several have one, this makes merge commits that join them, in
 * which each source has the files of its own waiting merge.
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

/** The names (`heldName`) of what a waiting merge did not merge by the rule: the whole source when the commit has no rule trailer. */
export function heldIn({ rule, held }: CommitFacts, source: string): readonly string[] {
  return rule === undefined ? [heldName(source)] : held
}

/** Removes the ref of the source's waiting merge, once the merge is in a branch's history. */
export async function forgetWaiting(workspace: Workspace, source: string): Promise<void> {
  if ((await waitingMerge(workspace, source)) === undefined) return
  await moveOwnRefs(workspace.repository, [`delete ${liveRef(source)}`])
}
