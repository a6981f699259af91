/** Decides what HEAD's exports mean for live, collection by collection: apply, hold (and why), or nothing. Reads git and the database; writes nothing but fresh keys taken from sequences. */
import { optionsFor } from '../config/match.ts'
import { guardFor } from '../config/rules.ts'
import { openGraph, type CommitGraph } from '../git/graph.ts'
import { complete } from '../git/lazily.ts'
import { setRecord, type CollectionChanges, type StateChanges } from '../model/change.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import type { WriterStamp } from '../model/rules.ts'
import type { AttemptsInput } from './attempts.ts'
import { recordsAt } from './committed.ts'
import { collapseDuplicates } from './duplicates.ts'
import { settleCollisions, type Resettled } from './collisions.ts'
import { guardReason, type AllowedDeletes } from './guard.ts'
import { holdPartners, type Holds } from './holds.ts'
import { readLive, type Live, type Records } from './live.ts'
import { withLiveCommit } from './live-commit.ts'
import { withLostKeys } from './lost-keys.ts'
import { mergeIntoLive, type LiveMerge, type LiveMergeInput } from './merge-live.ts'
import { holdMixed } from './mixed.ts'
import { mayApply, movedCollections, type Moved } from './moved.ts'
import { openNews } from './news.ts'
import { openOrigins } from './convergence/origin.ts'
import type { CollectionOutcome } from './finish-plan.ts'
import { drawIn, soundSource, type PlannedPart, type SoundPlan } from './sound-source.ts'
import type { Source } from './source.ts'
import { pointEntry } from './sync-state.ts'
import type { Workspace } from './workspace.ts'

export interface PlanOptions {
  readonly head: string
  /** Try again what this database refused, also where nothing moved. */
  readonly retry?: boolean
  readonly allowed: AllowedDeletes
  /** Collections that the database refused in an earlier attempt. */
  readonly refused: Holds
  /** A first meeting of a database with exports: a key is always the identity, whatever was there before. */
  readonly join?: boolean
  /** A merge commit whose drops are taken over. */
  readonly acceptMerge?: string
  /** A sync point that this clone lacks is taken for lost: an older one will do. */
  readonly mayGoBack?: boolean
  /** Commits in which code and data are mixed are taken as they are. */
  readonly takeMixed?: boolean
}

/** Everything that was read and merged: what is to be written is decided from it, again and again if the database refuses some of it. */
export interface Prepared extends AttemptsInput {
  readonly plan: SoundPlan
  readonly holds: Holds
  /** Sync points, moved. */
  readonly points: StateChanges
  readonly decisions: ReadonlyMap<string, readonly Decision[]>
  readonly state: ReadonlyMap<string, string>
  /** Changes to tables that are not exported but refer to records that were. */
  readonly unexported: readonly CollectionChanges[]
  /** Records that lost their key and cannot be given another. */
  readonly quarantined: readonly Quarantined[]
}

/**
 * Reads and merges what one reconciliation of a source with `options.head` needs.
 * @throws DamagedError when an export that has to be read is damaged
 */
export async function prepareReconciliation(
  workspace: Workspace,
  source: Source,
  options: PlanOptions,
): Promise<Prepared> {
  const state = await source.adapter.readState()
  const holds: Holds = new Map(options.refused)
  const moved = (await movedCollections(source, state, options)).filter((each) => mayApply(source, each, holds))
  if (options.takeMixed !== true) await holdMixed(source, moved, { head: options.head, holds })
  holdPartners(holds, source.selections)
  const live = await readLive(
    source,
    moved.map(({ name }) => name),
  )
  for (const [name, reason] of live.unreadable) holds.set(name, reason)
  const shared = {
    graph: openGraph(source.repository),
    writer: { asset: workspace.asset, at: workspace.invocation.nowMs() },
  }
  const merges = await mergeMoved(source, { moved, live, shared, options }, holds)
  const shown = { news: openNews(source), originsOf: openOrigins(source, shared.graph) }
  const merged = { merges, live: live.actual, head: options.head, asset: workspace.asset, ...shown }
  const found = { ...merged, merges: await withLostKeys(source, merged) }
  const { merges: collapsed, aliases } = await collapseDuplicates(source, found)
  const world = { ...found, merges: collapsed, aliases, dryRun: workspace.invocation.dryRun }
  const rekeyed = await settleCollisions(source, world, holds)
  holdPartners(holds, source.selections)
  const stampOfLive = liveStamps(shared.graph, shared.writer)
  const prepared = await assemble(source, { options, merges: collapsed, holds, live, stampOfLive, rekeyed })
  if (workspace.invocation.dryRun) return prepared
  // what the rule makes of both sides is the merge; what constraints then change is live's, and a write of the next export
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

function namesOf(merges: ReadonlyMap<Moved, LiveMerge>, isMeant: (merge: LiveMerge) => boolean): Set<string> {
  return new Set([...merges].flatMap(([{ name }, merge]) => (isMeant(merge) ? [name] : [])))
}

/** Each collection merged for itself, if that may be. */
async function mergeMoved(
  source: Source,
  found: {
    readonly moved: readonly Moved[]
    readonly live: Live
    readonly shared: Pick<LiveMergeInput, 'graph' | 'writer'>
    readonly options: PlanOptions
  },
  holds: Holds,
): Promise<Map<Moved, LiveMerge>> {
  const { live, shared, options } = found
  const { head, join = false, acceptMerge: accepted } = options
  const merges = new Map<Moved, LiveMerge>()
  for (const each of found.moved) {
    if (holds.has(each.name)) continue
    const records = live.collections.get(each.name) as Records
    if (live.sync.points.size === 0 && records.size > 0 && !join) {
      holds.set(each.name, 'this database holds records and never met these exports; to join them: tandem init')
      continue
    }
    const merge = await mergeIntoLive(source, { ...each, ...shared, head, live: records, join, accepted })
    const reason = refusal(source, each.name, { merge, size: records.size, allowed: options.allowed })
    if (reason === undefined) merges.set(each, merge)
    else holds.set(each.name, reason)
  }
  return merges
}

/** What the rule alone makes of both sides: a merge commit that held more (new numbers, say) would be a decision of its own. */
async function mergeOutcomes(
  source: Source,
  { plan, decisions }: Prepared,
  { merges, collapsed }: Readonly<Record<'merges' | 'collapsed', ReadonlyMap<Moved, LiveMerge>>>,
): Promise<CollectionOutcome[]> {
  const outcomes: CollectionOutcome[] = []
  for (const [each, { changes }] of merges) {
    const { name, past, base } = each
    const live = plan.parts.get(name)?.live
    if (live === undefined || !decisions.has(name)) continue
    const rekeys = collapsed.get(each)?.rekeys ?? []
    // a record that loses its key before anybody saw it never had it: it is published under the new one
    const before = new Map(live)
    const known = await recordsAt(source, base, new Set(rekeys.map(({ key }) => key)))
    for (const { key } of rekeys) setRecord(before, key, known.get(key))
    outcomes.push({ name, past, before, changes, decisions: [] })
  }
  return outcomes
}

/** Live not yet exported was written between the sync point's clock and now. */
function liveStamps(graph: CommitGraph, writer: Pick<WriterStamp, 'asset' | 'at'>): SoundPlan['stampOfLive'] {
  return async (past) => {
    const since = past.kind === 'new' ? 0 : (await complete(() => graph.commit(past.base))).at
    return { asset: writer.asset, since, at: Math.max(writer.at, since + 1) }
  }
}

/** Why a merge that could be computed is not applied: the guard. */
function refusal(
  source: Source,
  name: string,
  found: { readonly merge: LiveMerge; readonly size: number; readonly allowed: AllowedDeletes },
): string | undefined {
  const { merge, size, allowed } = found
  const deletes = merge.changes.filter((change) => change.after === undefined).length
  const configured = guardFor(optionsFor(source.config, name))
  return guardReason({ collection: name, deletes, size, configured, allowed })
}

async function assemble(
  source: Source,
  found: {
    readonly options: PlanOptions
    readonly merges: ReadonlyMap<Moved, LiveMerge>
    readonly holds: Holds
    readonly live: Live
    readonly stampOfLive: SoundPlan['stampOfLive']
    readonly rekeyed: Resettled
  },
): Promise<Prepared> {
  const { options, holds, live, stampOfLive, rekeyed } = found
  const { head, join = false, retry = false } = options
  const parts = new Map<string, PlannedPart>()
  const decisions = new Map<string, readonly Decision[]>()
  const points = new Map<string, string | undefined>()
  for (const [each, merge] of found.merges) {
    const { name, past } = each
    if (holds.has(name)) continue
    const records = live.collections.get(name) as Records
    const changes = rekeyed.changes.get(name)?.changes ?? merge.changes
    parts.set(name, { past, live: records, actual: live.actual.get(name) ?? records, changes })
    decisions.set(name, [...merge.decisions.map(rekeyed.noted), ...rekeyed.decisionsOf(name)])
    points.set(...pointEntry(name, each.point, head))
  }
  const moved = [...rekeyed.changes].filter(([name]) => !holds.has(name) && !parts.has(name))
  const waiting = retry ? [...live.withheld.keys()].filter((name) => !holds.has(name)) : []
  const drawn = [...moved.map(([name]) => name), ...waiting].filter((name) => !parts.has(name))
  for (const [name, part] of await drawIn(source, { head, sync: live.sync }, drawn))
    parts.set(name, { ...part, changes: rekeyed.changes.get(name)?.changes ?? [] })
  const plan = { head, sync: live.sync, parts, held: holds, stampOfLive, join }
  return {
    plan,
    sound: await soundSource(source, plan),
    withheld: live.withheld,
    retry,
    holds,
    points,
    decisions,
    state: live.state,
    unexported: moved.flatMap(([name, each]) => (source.selections.has(name) ? [] : [each])),
    quarantined: rekeyed.quarantined.filter(({ collection }) => !holds.has(collection)),
  }
}
