/** Decides what HEAD's exports mean for live, collection by collection: apply, hold (and why), or nothing. Reads git and the database; writes nothing but fresh keys taken from sequences. */
import type { Consent } from '../model/consent.ts'
import { recordsAt } from '../exports/committed.ts'
import { openMergeReports } from '../exports/merge-reports.ts'
import { withRecords } from '../exports/part-records.ts'
import { type CommitGraph, openGraph } from '../git/history/graph.ts'
import { complete } from '../git/history/lazily.ts'
import { openOrigins } from '../history/writers.ts'
import { comparable, tupleOf } from '../merge/tuple.ts'
import type { Change, CollectionChanges, StateChanges } from '../model/change.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import type { Records } from '../model/records.ts'
import type { WriterStamp } from '../model/rules.ts'
import { guardReason } from '../source/guard.ts'
import { type Holds, configuredTies, holdPartners } from '../source/holds.ts'
import type { Movement } from '../source/holds.ts'
import type { Live } from '../source/live.ts'
import type { Source } from '../source/source.ts'
import { pointEntry } from '../source/sync-state.ts'
import type { MergeableCollection } from '../sync-point/changed-collections.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { AttemptsInput } from './constraints/attempts.ts'
import { type PlannedPart, type SoundPlan, type Writers, drawIn, soundSource } from './constraints/sound-source.ts'
import type { Incoming } from './incoming/incoming.ts'
import { type Mergeable, readMergeable } from './incoming/read-mergeable.ts'
import { type LiveMerge, type LiveMergeInput, mergeIntoLive } from './incoming/merge-live.ts'
import { type Resettled, settleCollisions } from './keys/collisions.ts'
import { collapseDuplicates } from './keys/duplicates.ts'
import { withLostKeys } from './keys/lost-keys.ts'
import { withLiveCommit } from './live-commit.ts'
import type { CollectionOutcome, PlanOptions } from './plan.ts'

/** Everything that was read and merged: what is to be written is decided from it, again and again if the database refuses some of it. */
export interface Prepared extends AttemptsInput {
  readonly plan: SoundPlan
  readonly holds: Holds
  /** Sync points, and marks, changed. */
  readonly points: StateChanges
  readonly decisions: ReadonlyMap<string, readonly Decision[]>
  readonly state: ReadonlyMap<string, string>
  /** Changes to tables that are not exported but refer to records that were. */
  readonly unexported: readonly CollectionChanges[]
  /** Records that lost their key and cannot be given another. */
  readonly quarantined: readonly Quarantined[]
}

/**
 * Reads and merges the collections that came with `options.head`. Adds to the holds of `incoming`.
 * @throws DamagedError when an export that has to be read is damaged
 */
export async function prepareReconciliation(
  workspace: Workspace,
  source: Source,
  { incoming, options }: { readonly incoming: Incoming; readonly options: PlanOptions },
): Promise<Prepared> {
  const { changed, holds, remodelled } = incoming
  const nowMs = workspace.invocation.nowMs()
  const live = await readMergeable(source, changed, { nowMs, whole: options.whole === true })
  for (const [name, reason] of live.unreadable) holds.set(name, reason)
  const shared = {
    graph: openGraph(source.repository),
    writer: { asset: workspace.asset, at: nowMs },
  }
  const merges = await mergeMoved(source, { changed, live, shared, options }, holds)
  const shown = { reports: openMergeReports(source), originsOf: openOrigins(source, shared.graph) }
  const merged = { merges, live: live.actual, head: options.head, asset: workspace.asset, ...shown }
  const found = { ...merged, merges: await withLostKeys(source, merged) }
  const { merges: collapsed, aliases } = await collapseDuplicates(source, found)
  const world = { ...found, merges: collapsed, aliases, dryRun: workspace.invocation.dryRun }
  const rekeyed = await settleCollisions(source, world, holds)
  const stampOfLive = liveStamps(shared.graph, shared.writer)
  const writers = { asset: workspace.asset, stampOfLive, originsOf: shown.originsOf }
  const assembling = { options, merges: collapsed, holds, live, writers, rekeyed }
  const prepared = await assembleUnheld(source, assembling, remodelled)
  if (workspace.invocation.dryRun) return prepared
  // the merge commit holds only the rule's result; constraint fixes are exported next
  const plan = {
    head: options.head,
    outcomes: await mergeOutcomes(source, prepared, { merges, collapsed }),
    state: prepared.points,
  }
  const { state: points } = await withLiveCommit(workspace, source, {
    plan,
    graph: shared.graph,
    state: live.state,
    met: namesOf(merges, ({ metEdits }) => metEdits),
    besideRule: namesOf(merges, ({ isByRule }) => !isByRule),
    nowMs: shared.writer.at,
  })
  return { ...prepared, points }
}

function namesOf(
  merges: ReadonlyMap<MergeableCollection, LiveMerge>,
  isMeant: (merge: LiveMerge) => boolean,
): Set<string> {
  return new Set([...merges].flatMap(([{ name }, merge]) => (isMeant(merge) ? [name] : [])))
}

/** Each collection merged for itself, if that may be. */
async function mergeMoved(
  source: Source,
  found: {
    readonly changed: readonly MergeableCollection[]
    readonly live: Live
    readonly shared: Pick<LiveMergeInput, 'graph' | 'writer'>
    readonly options: PlanOptions
  },
  holds: Holds,
): Promise<Map<MergeableCollection, LiveMerge>> {
  const { live, shared, options } = found
  const { head, consent } = options
  const merges = new Map<MergeableCollection, LiveMerge>()
  for (const each of found.changed) {
    if (holds.has(each.name)) continue
    const records = live.collections.get(each.name) as Records
    if (live.sync.points.size === 0 && records.size > 0 && consent.init !== 'join') {
      holds.set(each.name, 'this database holds records and never met these exports; to join them: tandem init')
      continue
    }
    const withheld = new Set(live.withheld.get(each.name)?.keys())
    const merge = await mergeIntoLive(source, { changed: each, live: records, withheld, head, ...shared, consent })
    const reason = refusal(source, each.name, { merge, size: records.size, consent })
    if (reason === undefined) merges.set(each, merge)
    else holds.set(each.name, reason)
  }
  return merges
}

/** What the rule alone makes of both sides: a merge commit that held more (new numbers, say) would be a decision of its own. */
async function mergeOutcomes(
  source: Source,
  { plan, decisions }: Prepared,
  { merges, collapsed }: Readonly<Record<'merges' | 'collapsed', ReadonlyMap<MergeableCollection, LiveMerge>>>,
): Promise<CollectionOutcome[]> {
  const outcomes: CollectionOutcome[] = []
  for (const [each, { changes }] of merges) {
    const { name, past, base } = each
    const live = plan.parts.get(name)?.live
    if (live === undefined || !decisions.has(name) || each.former !== undefined) continue
    const rekeys = collapsed.get(each)?.rekeys ?? []
    // an unpublished record is published only under its new key
    const known = await recordsAt(source, base, new Set(rekeys.map(({ key }) => key)))
    const before = await withRecords(
      live,
      rekeys.map(({ key }) => [key, known.get(key)]),
    )
    outcomes.push({ name, past, before, changes, decisions: [] })
  }
  return outcomes
}

/** Live not yet exported was written between the sync point's clock and now. */
function liveStamps(graph: CommitGraph, writer: Pick<WriterStamp, 'asset' | 'at'>): Writers['stampOfLive'] {
  return async (past) => {
    const since = past.kind === 'new' ? 0 : (await complete(() => graph.commit(past.base))).at
    return { asset: writer.asset, since, at: Math.max(writer.at, since + 1) }
  }
}

/** Why a merge that could be computed is not applied: the guard. */
function refusal(
  source: Source,
  name: string,
  found: { readonly merge: LiveMerge; readonly size: number; readonly consent: Consent },
): string | undefined {
  const { merge, size, consent } = found
  const deletes = merge.changes.filter((change) => change.after === undefined).length
  return guardReason(source, { collection: name, deletes, size, consent })
}

interface Assembling {
  readonly options: PlanOptions
  readonly merges: ReadonlyMap<MergeableCollection, LiveMerge>
  readonly holds: Holds
  readonly live: Mergeable
  readonly writers: Writers
  readonly rekeyed: Resettled
}

/** Assembled without what has to wait for a held collection; what that is shows in the changes themselves. Each time around holds one more, so it ends. */
async function assembleUnheld(source: Source, found: Assembling, remodelled: ReadonlySet<string>): Promise<Prepared> {
  const { holds } = found
  holdPartners(holds, source.selections, { names: remodelled, moving: new Map(), further: configuredTies(source) })
  for (;;) {
    const prepared = await assemble(source, found)
    const changes = [...prepared.sound.changes].map(([name, list]) => [name, movementOf(list)] as const)
    const before = holds.size
    holdPartners(holds, source.selections, {
      names: remodelled,
      moving: new Map(changes),
      further: configuredTies(source),
    })
    if (holds.size === before) return prepared
  }
}

function movementOf(changes: readonly Change[]): Movement {
  const isMoved = ({ before, after, from, reassigned }: Change): boolean =>
    before !== after || from !== undefined || reassigned === true
  return {
    any: changes.some(isMoved),
    leaves: (fields) =>
      changes.some(
        ({ before, after, from, reassigned }) =>
          from !== undefined ||
          reassigned === true ||
          (before !== undefined && tupleOf(before, fields, comparable) !== tupleOf(after, fields, comparable)),
      ),
  }
}

/** The sync point that moves. A table that was renamed has a point of its own once HEAD has it under its new name. */
function pointOf({ name, point, former, theirs }: MergeableCollection, head: string): readonly [string, string] {
  return pointEntry(theirs?.schema.name ?? former ?? name, point, head)
}

async function assemble(source: Source, found: Assembling): Promise<Prepared> {
  const { options, holds, live, writers, rekeyed } = found
  const { head, consent } = options
  const [retry, whole] = [consent.again !== undefined, options.whole === true]
  const parts = new Map<string, PlannedPart>()
  const decisions = new Map<string, readonly Decision[]>()
  const points = new Map(live.marks)
  for (const [each, merge] of found.merges) {
    const { name, past } = each
    if (holds.has(name)) continue
    const records = live.collections.get(name) as Records
    const changes = rekeyed.changes.get(name)?.changes ?? merge.changes
    parts.set(name, { past, live: records, actual: live.actual.get(name) ?? records, changes })
    decisions.set(name, [...merge.decisions.map(rekeyed.noted), ...rekeyed.decisionsOf(name)])
    points.set(...pointOf(each, head))
  }
  const changed = [...rekeyed.changes].filter(([name]) => !holds.has(name) && !parts.has(name))
  const waiting = retry ? [...live.withheld.keys()].filter((name) => !holds.has(name)) : []
  const drawn = [...changed.map(([name]) => name), ...waiting].filter((name) => !parts.has(name))
  for (const [name, part] of await drawIn(source, { head, sync: live.sync, whole }, drawn))
    parts.set(name, { ...part, changes: rekeyed.changes.get(name)?.changes ?? [] })
  const join = consent.init === 'join'
  const plan = { head, sync: live.sync, parts, held: holds, writers, join, whole }
  return {
    plan,
    sound: await soundSource(source, plan),
    withheld: live.withheld,
    retry,
    holds,
    points,
    decisions,
    state: live.state,
    unexported: changed.flatMap(([name, each]) => (source.selections.has(name) ? [] : [each])),
    quarantined: rekeyed.quarantined.filter(({ collection }) => !holds.has(collection)),
  }
}
