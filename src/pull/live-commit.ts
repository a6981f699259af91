/**
 * Live edits that a pull met before any export had carried them (docs/convergence.md). Exported later on top of HEAD they would seem to have known HEAD; so live is written
 * as a commit V on its sync point, and the merge of V with HEAD is what live is now in step with. Both wait under refs/tandem/live, on no branch, for the next export.
 */
import { changedFiles } from '../exports/changed-files.ts'
import { columnLines } from '../exports/column-order.ts'
import { readCommitted, readRecords } from '../exports/committed.ts'
import { heldNames } from '../exports/data-message.ts'
import { withRecords } from '../exports/part-records.ts'
import { uniquesToTell } from '../exports/told-uniques.ts'
import { buildTree, commitTree } from '../git/data-commit.ts'
import type { CommitGraph } from '../git/history/graph.ts'
import { commitAt } from '../git/history/commits.ts'
import { moveOwnRefs } from '../git/own-refs.ts'
import { dataTrailers, ruleTrailers } from '../git/history/trailers.ts'
import { complete } from '../git/history/lazily.ts'
import { afterChanges } from '../model/change.ts'
import type { Records } from '../model/records.ts'
import type { Source } from '../source/source.ts'
import { pointEntry, readSyncState } from '../source/sync-state.ts'
import { heldIn, editsStandOnHead, liveRef, standsOnHead, waitingMerge } from '../sync-point/waiting-merge.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CollectionOutcome, ReconcilePlan } from './plan.ts'

type Merged = Pick<ReconcilePlan, 'head' | 'outcomes' | 'state'>

export interface MetEdits {
  /** What the merges give, before anything else is made of it. */
  readonly plan: Merged
  readonly graph: CommitGraph
  readonly state: ReadonlyMap<string, string>
  /** Collections in which HEAD wrote records that live had edited. */
  readonly met: ReadonlySet<string>
  /** Collections of which live is to hold something else than the rule makes of both sides. */
  readonly besideRule: ReadonlySet<string>
  /** The time of the merges (ms): live's edits were made by then. */
  readonly nowMs: number
}

/** The plan with sync points at the merge of V and HEAD, for the collections that share the sync point where edits were met. Makes commit objects and a ref, no more. */
export async function withLiveCommit(workspace: Workspace, source: Source, found: MetEdits): Promise<Merged> {
  const { plan } = found
  const waiting = await waitingMerge(workspace, source.source)
  const base =
    baseOf(plan, found.met) ?? (plan.outcomes.some((each) => pointOf(each) === waiting) ? waiting : undefined)
  if (base === undefined) return plan
  const outcomes = plan.outcomes.filter((each) => pointOf(each) === base)
  const isMet = outcomes.some(({ name }) => found.met.has(name))
  // what HEAD has left behind becomes nobody's parent: what was edited is then exported on HEAD
  if (!(await (isMet ? standsOnHead : editsStandOnHead)(workspace, base, plan.head))) return plan
  const merge = isMet
    ? await mergeLive(workspace, source, { base, outcomes, found })
    : await moveWaiting(workspace, source, { waiting: base, outcomes, found })
  await moveOwnRefs(workspace.repository, [`update ${liveRef(source.source)} ${merge}`])
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

interface Outcomes {
  readonly outcomes: readonly CollectionOutcome[]
  readonly found: MetEdits
}

/** HEAD met edits: V is merged with HEAD. */
async function mergeLive(
  workspace: Workspace,
  source: Source,
  at: Outcomes & { readonly base: string },
): Promise<string> {
  const own = await commitLive(workspace, source, at)
  const records = new Map<string, Records>()
  for (const { name, before, changes } of at.outcomes)
    records.set(
      name,
      await withRecords(
        before,
        changes.map(({ key, after }) => [key, after]),
      ),
    )
  return commitMerge(workspace, source, { ...at, own, records, held: [] })
}

/** HEAD moved on while a merge waited: its V is merged with the new HEAD as if that had been there at once. What live edited since is not in it: no commit wrote that yet. */
async function moveWaiting(
  workspace: Workspace,
  source: Source,
  at: Outcomes & { readonly waiting: string },
): Promise<string> {
  const waiting = await commitAt(workspace.repository, at.waiting)
  const [, edits] = waiting.parents
  const own = edits ?? at.waiting
  const committed = await readCommitted(source, at.waiting)
  const records = new Map<string, Records>()
  for (const { name, changes } of at.outcomes)
    records.set(name, afterChanges(await readRecords(source, committed.get(name)), changes))
  const held = own === at.waiting ? [] : heldIn(waiting, source.source)
  return commitMerge(workspace, source, { ...at, own, records, held })
}

/** V: what live held before the apply. */
async function commitLive(
  workspace: Workspace,
  source: Source,
  at: Outcomes & { readonly base: string },
): Promise<string> {
  const { repository, invocation, asset } = workspace
  const { graph, nowMs } = at.found
  const live = new Map(at.outcomes.map(({ name, before }) => [name, before]))
  const { tree, columns } = await treeWith(source, at.base, live)
  const trailers = dataTrailers({
    asset,
    exportId: invocation.newId(),
    parent: at.base,
    clock: { since: await complete(() => graph.commit(at.base).at), nowMs },
    names: {
      held: heldBeside(workspace, source, at),
      accepted: [],
      uniques: await uniquesToTell(
        source,
        at.outcomes.map(({ name }) => name),
      ),
    },
  })
  const message = [`data: ${source.source} as it was here before the pull`, '', ...trailers, ...columns, ''].join('\n')
  return commitTree(repository, tree, { parents: [at.base], message })
}

/** What neither commit speaks of. */
function heldBeside(workspace: Workspace, source: Source, { outcomes }: Pick<Outcomes, 'outcomes'>): string[] {
  const taking = new Set(outcomes.map(({ name }) => name))
  const held = [...source.selections.keys()].filter((name) => !taking.has(name))
  return heldNames(workspace, new Map([[source.source, held]]))
}

/** The merge of HEAD and what live held: what live holds after the apply. */
async function commitMerge(
  workspace: Workspace,
  source: Source,
  at: Outcomes & {
    readonly own: string
    readonly records: ReadonlyMap<string, Records>
    readonly held: readonly string[]
  },
): Promise<string> {
  const { head } = at.found.plan
  const { tree, columns } = await treeWith(source, head, at.records)
  const byRule = at.outcomes.filter(({ name }) => !at.found.besideRule.has(name))
  const held = new Set([...heldBeside(workspace, source, { outcomes: byRule }), ...at.held])
  const trailers = ruleTrailers({ parent: head, tree, held: [...held] })
  const message = [`data: merge what ${workspace.asset} held before the pull`, '', ...trailers, ...columns, ''].join(
    '\n',
  )
  return commitTree(workspace.repository, tree, { parents: [head, at.own], message })
}

/** The commit's tree with these collections' records in their files, and the trailers for the orders of columns. */
async function treeWith(
  source: Source,
  commit: string,
  records: ReadonlyMap<string, Records>,
): Promise<{ readonly tree: string; readonly columns: readonly string[] }> {
  const committed = await readCommitted(source, commit)
  const writes = new Map<string, Buffer>()
  for (const [name, live] of records) {
    const head = committed.get(name)
    const selection = source.selections.get(name)
    if (head === undefined || selection === undefined) continue
    const files = await changedFiles(source, { selection, live, head, layout: head.layout })
    for (const [file, bytes] of files.writes) writes.set(file, bytes)
  }
  const { tree } = await buildTree(source.repository, commit, writes)
  return { tree, columns: columnLines(source, writes.keys()) }
}
