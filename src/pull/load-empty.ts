/**
 * The first meeting of HEAD's exports with a database whose tables are empty, as after a clone: nothing has to be merged, so the records go from git's files into the tables as they are and
 * are never all in memory. Wherever more could be needed than that, it is left to the ordinary way, and so is all that the database refuses.
 */
import { type CommittedCollection, countLines, recordBatches } from '../exports/committed.ts'
import type { CollectionLoad } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import { applySafely } from '../safety/apply-safely.ts'
import { markEntry } from '../source/marks.ts'
import type { Source } from '../source/source.ts'
import { expectedEntries, pointEntry, readSyncState } from '../source/sync-state.ts'
import { readWithheld } from '../source/withheld.ts'
import type { MergeableCollection } from '../sync-point/changed-collections.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Incoming } from './incoming/incoming.ts'
import { outcomeChanges } from './outcome-count.ts'
import type { CollectionOutcome, PlanOptions, ReconcilePlan } from './plan.ts'

/** A collection to be loaded. */
interface Loadable {
  readonly each: MergeableCollection
  readonly selection: Selection
  readonly theirs: CommittedCollection
}

/**
 * Fills the empty tables and returns what came; undefined when nothing was done, because more than that is needed or the database did not take it.
 * @throws DamagedError when HEAD's exports are damaged; nothing is changed then
 */
export async function loadEmpty(
  workspace: Workspace,
  source: Source,
  at: {
    readonly incoming: Incoming
    readonly options: PlanOptions & { readonly mayDefer?: boolean }
    /** More records are left to a run in the background, where that may be. */
    readonly limit: number
  },
): Promise<ReconcilePlan | undefined> {
  const { incoming, options } = at
  const loadables = loadablesOf(source, incoming, options)
  if (workspace.invocation.dryRun || loadables === undefined || loadables.length === 0) return undefined
  if (!(await areEmpty(source, loadables))) return undefined
  const counts = new Map<string, number>()
  for (const { each, theirs } of loadables) counts.set(each.name, await countLines(source, theirs))
  const plan = planOf(loadables, { incoming, head: options.head, counts })
  if (options.mayDefer === true && outcomeChanges(plan.outcomes) > at.limit) return { ...plan, deferred: true }
  const moment = { commit: options.head, fullAt: workspace.invocation.nowMs() }
  const loads = loadables.map((each): CollectionLoad => {
    const count = counts.get(each.each.name) ?? 0
    return { ...loadOf(source, each), marked: (text) => markEntry(each.each.name, { ...moment, count, text }) }
  })
  const outcome = await applySafely(workspace, source, {
    kind: options.consent.init === 'join' ? 'join' : 'apply',
    plan: { collections: [], loads, state: plan.state, expectedState: plan.expected },
    before: new Map(),
    loaded: loadables.map(({ each, theirs }) => ({ committed: theirs, count: counts.get(each.name) ?? 0 })),
    state: plan.read,
  })
  return outcome.status === 'applied' ? plan : undefined
}

function planOf(
  loadables: readonly Loadable[],
  at: { readonly incoming: Incoming; readonly head: string; readonly counts: ReadonlyMap<string, number> },
): ReconcilePlan {
  const { state: read, holds } = at.incoming
  const outcomes = loadables.map(({ each }) => outcomeOf(each, at.counts.get(each.name) ?? 0))
  const state = new Map(loadables.map(({ each }) => pointEntry(each.name, undefined, at.head)))
  const expected = expectedEntries(read, at.counts.keys())
  return { head: at.head, outcomes, holds, quarantined: [], released: [], changes: [], state, expected, read }
}

/** Undefined when some collection has a past here, or is more than its records: fields that the database computes, records set aside. */
function loadablesOf(
  source: Source,
  { changed, holds, remodelled, state }: Incoming,
  { consent }: PlanOptions,
): readonly Loadable[] | undefined {
  if (!source.adapter.capabilities.loads || remodelled.size > 0 || consent.again !== undefined) return undefined
  if (readSyncState(state).points.size > 0 || readWithheld(state).size > 0) return undefined
  const loadables: Loadable[] = []
  for (const each of changed) {
    if (holds.has(each.name)) continue
    const { name, past, theirs } = each
    const selection = source.selections.get(name)
    if (past.kind !== 'new' || theirs === undefined || selection === undefined || selection.derived.length > 0)
      return undefined
    loadables.push({ each, selection, theirs })
  }
  return loadables
}

async function areEmpty(source: Source, loadables: readonly Loadable[]): Promise<boolean> {
  return source.adapter.snapshot(async (snapshot) => {
    for (const { selection } of loadables) if ((await snapshot.count(selection.schema)) > 0) return false
    return true
  })
}

function loadOf(source: Source, { selection, theirs }: Loadable): CollectionLoad {
  return { selection, records: () => recordBatches(source, theirs) }
}

function outcomeOf({ name, past }: MergeableCollection, loaded: number): CollectionOutcome {
  return { name, past, before: new Map(), changes: [], loaded, decisions: [] }
}
