/**
 * Live edits that a pull met before any export had carried them (docs/convergence.md). Exported later on top of HEAD they would seem to have known HEAD; so live is written
 * as a commit V on its sync point, and the merge of V with HEAD is what live is now in step with. Both wait under refs/tandem/live, on no branch, for the next export.
 */
import { buildTree, commitTree, treeWithFiles } from '../git/data-commit.ts'
import type { CommitGraph } from '../git/graph.ts'
import { filesAt } from '../git/tree.ts'
import { commitsOf, dataTrailers, isAncestor, mergeTrailers } from '../git/history.ts'
import { complete } from '../git/lazily.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import { readCommitted } from './committed.ts'
import type { Records } from './live.ts'
import { changedFiles } from './plan-export.ts'
import type { CollectionOutcome, ReconcilePlan } from './finish-plan.ts'
import type { Source } from './source.ts'
import { pointEntry, readSyncState } from './sync-state.ts'
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
  const [merge] = await commitsOf(workspace.repository, ['--max-count=1', waiting])
  return merge?.parents[0] === head ? waiting : head
}

/**
 * What a data commit of these sources stands on: HEAD, or the waiting merge of the one source that has one. Where several have, a commit joins them, each with its own
 * source's files.
 */
export async function joinedBase(workspace: Workspace, sources: readonly string[], head: string): Promise<string> {
  const { repository, config } = workspace
  let base = head
  for (const source of sources) {
    const own = await exportBase(workspace, source, head)
    if (own === head) continue
    if (base === head) {
      base = own
      continue
    }
    const files = await filesAt(repository, own, `${config.exports}/${source}`)
    const ids = new Map([...files].map(([file, { id }]) => [file, id]))
    const tree = await treeWithFiles(repository, base, ids)
    base = await commitTree(repository, tree, { parents: [base, own], message: `data: merge ${source}\n` })
  }
  return base
}

/** The waiting merge is in a branch's history now. */
export async function forgetWaiting(workspace: Workspace, source: string): Promise<void> {
  if ((await waitingMerge(workspace, source)) === undefined) return
  await workspace.repository.git(['update-ref', '-d', liveRef(source)])
}

type Merged = Pick<ReconcilePlan, 'head' | 'outcomes' | 'state'>

export interface MetEdits {
  /** What the merges give, before anything else is made of it. */
  readonly plan: Merged
  readonly graph: CommitGraph
  readonly state: ReadonlyMap<string, string>
  /** Collections in which HEAD wrote records that live had edited. */
  readonly met: ReadonlySet<string>
}

/** The plan with sync points at the merge of V and HEAD, for the collections that share the sync point where edits were met. Makes commit objects and a ref, no more. */
export async function withLiveCommit(workspace: Workspace, source: Source, found: MetEdits): Promise<Merged> {
  const { plan } = found
  const waiting = await waitingMerge(workspace, source.source)
  const base =
    baseOf(plan, found.met) ?? (plan.outcomes.some((each) => pointOf(each) === waiting) ? waiting : undefined)
  if (base === undefined) return plan
  const outcomes = plan.outcomes.filter((each) => pointOf(each) === base)
  const own = outcomes.some(({ name }) => found.met.has(name))
    ? await commitLive(workspace, source, { base, outcomes, graph: found.graph })
    : await editsIn(workspace, base, { head: plan.head, waiting })
  const merge = await commitMerge(workspace, source, { head: plan.head, own, outcomes })
  await workspace.repository.git(['update-ref', liveRef(source.source), merge])
  const { points } = readSyncState(found.state)
  const entries = outcomes.map(({ name }) => pointEntry(name, points.get(name), merge))
  return { ...plan, state: new Map([...plan.state, ...entries]) }
}

function pointOf({ past }: CollectionOutcome): string | undefined {
  return past.kind === 'new' ? undefined : past.base
}

/** The sync point at which most collections met edits. */
function baseOf(plan: Merged, met: ReadonlySet<string>): string | undefined {
  const counts = new Map<string, number>()
  for (const each of plan.outcomes) {
    const point = pointOf(each)
    if (point !== undefined && met.has(each.name)) counts.set(point, (counts.get(point) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}

/** HEAD moved on while a merge waited: V is merged with the new HEAD as if it had been there at once. */
async function editsIn(
  { repository }: Workspace,
  base: string,
  at: { readonly head: string; readonly waiting: string | undefined },
): Promise<string> {
  if (base !== at.waiting) return base
  const [merge] = await commitsOf(repository, ['--max-count=1', base])
  const [first, edits] = merge?.parents ?? []
  if (first === undefined || edits === undefined || !(await isAncestor(repository, first, at.head))) return base
  return edits
}

interface Outcomes {
  readonly outcomes: readonly CollectionOutcome[]
}

/** V: what live held before the apply. */
async function commitLive(
  workspace: Workspace,
  source: Source,
  at: Outcomes & { readonly base: string; readonly graph: CommitGraph },
): Promise<string> {
  const { repository, invocation, asset } = workspace
  const tree = await treeWith(source, at.base, new Map(at.outcomes.map(({ name, before }) => [name, before])))
  const trailers = dataTrailers({
    asset,
    exportId: invocation.newId(),
    parent: at.base,
    nowMs: invocation.nowMs(),
    since: await complete(() => at.graph.commit(at.base).at),
    held: heldBeside(workspace, source, at),
    accepted: [],
  })
  const message = [`data: ${source.source}, edited here before the pull`, '', ...trailers, ''].join('\n')
  return commitTree(repository, tree, { parents: [at.base], message })
}

/** What neither commit speaks of. */
function heldBeside({ config }: Workspace, source: Source, { outcomes }: Outcomes): string[] {
  const taking = new Set(outcomes.map(({ name }) => name))
  const held = [...source.selections.keys()].filter((name) => !taking.has(name))
  const others = config.sources.filter(({ name }) => name !== source.source)
  return [
    ...others.map(({ name }) => `${name}/*`),
    ...held.map((name) => `${source.source}/${encodeURIComponent(name)}`),
  ]
}

/** The merge of HEAD and what live held: what live holds after the apply. */
async function commitMerge(
  workspace: Workspace,
  source: Source,
  at: Outcomes & { readonly head: string; readonly own: string },
): Promise<string> {
  const records = new Map(at.outcomes.map((each) => [each.name, afterApply(each)]))
  const tree = await treeWith(source, at.head, records)
  const trailers = mergeTrailers({ parent: at.head, held: heldBeside(workspace, source, at) })
  const message = [`data: merge what ${workspace.asset} had edited`, '', ...trailers, ''].join('\n')
  return commitTree(workspace.repository, tree, { parents: [at.head, at.own], message })
}

function afterApply({ before, changes }: CollectionOutcome): Records {
  const after = new Map<KeyText, RecordText>(before)
  for (const { key, after: text } of changes) {
    if (text === undefined) after.delete(key)
    else after.set(key, text)
  }
  return after
}

/** The commit's tree with these collections' records in their files. */
async function treeWith(source: Source, commit: string, records: ReadonlyMap<string, Records>): Promise<string> {
  const committed = await readCommitted(source, commit)
  const writes = new Map<string, Buffer>()
  for (const [name, live] of records) {
    const head = committed.get(name)
    const selection = source.selections.get(name)
    if (head === undefined || selection === undefined) continue
    const files = await changedFiles(source, { selection, live, head, layout: head.layout })
    for (const [file, bytes] of files.writes) writes.set(file, bytes)
  }
  return (await buildTree(source.repository, commit, writes)).tree
}
