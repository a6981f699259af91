/** Decides what HEAD's exports mean for live, collection by collection: apply, hold (and why), or nothing. Reads git and the database; writes nothing but fresh keys taken from sequences. */
import { optionsFor } from '../config/match.ts'
import { guardFor } from '../config/rules.ts'
import { openGraph } from '../git/graph.ts'
import type { Change, CollectionChanges, StateChanges } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import { collapseDuplicates } from './duplicates.ts'
import { guardReason, type AllowedDeletes } from './guard.ts'
import { holdPartners, type Holds } from './holds.ts'
import { readLive, type Records } from './live.ts'
import { withLiveCommit } from './live-commit.ts'
import { mergeIntoLive, type LiveMerge, type MergeablePast } from './merge-live.ts'
import { mayApply, movedCollections, type Moved } from './moved.ts'
import { settleCollisions, type Resettled } from './collisions.ts'
import type { Source } from './source.ts'
import { expectedEntries, pointEntry } from './sync-state.ts'
import type { Workspace } from './workspace.ts'

export interface PlanOptions {
  readonly head: string
  readonly allowed: AllowedDeletes
  /** Collections that the database refused in an earlier attempt. */
  readonly refused: Holds
  /** A first meeting of a database with exports: a key is always the identity, whatever was there before. */
  readonly join?: boolean
  /** A merge commit whose drops are taken over. */
  readonly acceptMerge?: string
  /** A sync point that this clone lacks is taken for lost: an older one will do. */
  readonly mayGoBack?: boolean
}

/** What came, or is to come, of one collection whose exports had moved on. */
export interface CollectionOutcome {
  readonly name: string
  readonly past: MergeablePast
  readonly before: Records
  readonly changes: readonly Change[]
  readonly decisions: readonly Decision[]
}

export interface ReconcilePlan {
  /** Too much for a hook to wait for: nothing was written, a run in the background does it. */
  readonly deferred?: true
  readonly head: string
  readonly outcomes: readonly CollectionOutcome[]
  readonly holds: Holds
  /** Records to set aside with what is applied: kept in the database by the same transaction, carried by the next data commit. */
  readonly quarantined: readonly Quarantined[]
  readonly changes: readonly CollectionChanges[]
  readonly state: StateChanges
  readonly expected: StateChanges
  /** The state texts that the plan was made from. */
  readonly read: ReadonlyMap<string, string>
}

/**
 * Plans one reconciliation of a source with `options.head`.
 * @throws DamagedError when an export that has to be read is damaged
 */
export async function planReconciliation(
  workspace: Workspace,
  source: Source,
  options: PlanOptions,
): Promise<ReconcilePlan> {
  const state = await source.adapter.readState()
  const holds: Holds = new Map(options.refused)
  const moved = (await movedCollections(source, state, options)).filter((each) => mayApply(source, each, holds))
  holdPartners(holds, source.selections)
  const live = await readLive(
    source,
    moved.map(({ name }) => name),
  )
  for (const [name, reason] of live.unreadable) holds.set(name, reason)
  const merges = new Map<Moved, LiveMerge>()
  const shared = {
    graph: openGraph(source.repository),
    writer: { asset: workspace.asset, at: workspace.invocation.nowMs() },
  }
  for (const each of moved) {
    if (holds.has(each.name)) continue
    const records = live.collections.get(each.name) as Records
    if (live.sync.points.size === 0 && records.size > 0 && options.join !== true) {
      holds.set(each.name, 'this database holds records and never met these exports; to join them: tandem init')
      continue
    }
    const input = {
      ...each,
      ...shared,
      head: options.head,
      live: records,
      join: options.join === true,
      accepted: options.acceptMerge,
    }
    const merge = await mergeIntoLive(source, input)
    const reason = refusal(source, each.name, { merge, size: records.size, allowed: options.allowed })
    if (reason === undefined) merges.set(each, merge)
    else holds.set(each.name, reason)
  }
  const found = { merges, live: live.collections, head: options.head }
  const { merges: collapsed, aliases } = await collapseDuplicates(source, found)
  const world = { ...found, merges: collapsed, aliases, dryRun: workspace.invocation.dryRun }
  const rekeyed = await settleCollisions(source, world, holds)
  holdPartners(holds, source.selections)
  const plan = assemble(source, {
    options,
    state: live.state,
    merges: collapsed,
    holds,
    live: live.collections,
    rekeyed,
  })
  if (workspace.invocation.dryRun) return plan
  const met = [...collapsed].flatMap(([each, merge]) => (merge.metEdits ? [each.name] : []))
  return withLiveCommit(workspace, source, { plan, graph: shared.graph, state: live.state, met: new Set(met) })
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

function assemble(
  source: Source,
  found: {
    readonly options: PlanOptions
    readonly state: ReadonlyMap<string, string>
    readonly merges: ReadonlyMap<Moved, LiveMerge>
    readonly holds: Holds
    readonly live: ReadonlyMap<string, Records>
    readonly rekeyed: Resettled
  },
): ReconcilePlan {
  const { options, holds, rekeyed } = found
  const outcomes: CollectionOutcome[] = []
  const changes: CollectionChanges[] = []
  const state = new Map<string, string | undefined>()
  for (const [each, merge] of found.merges) {
    if (holds.has(each.name)) continue
    const selection = source.selections.get(each.name) as Selection
    const all = rekeyed.changes.get(each.name)?.changes ?? merge.changes
    const before = found.live.get(each.name) as Records
    const decisions = [...merge.decisions.map(rekeyed.noted), ...rekeyed.decisionsOf(each.name)]
    outcomes.push({ name: each.name, past: each.past, before, changes: all, decisions })
    if (all.length > 0) changes.push({ selection, changes: all })
    const [name, text] = pointEntry(each.name, each.point, options.head)
    state.set(name, text)
  }
  for (const [name, each] of rekeyed.changes)
    if (!holds.has(name) && !changes.some(({ selection }) => selection.schema.name === name)) changes.push(each)
  const names = outcomes.map(({ name }) => name)
  const quarantined = rekeyed.quarantined.filter(({ collection }) => !holds.has(collection))
  const expected = expectedEntries(found.state, names)
  return { head: options.head, outcomes, holds, quarantined, changes, state, expected, read: found.state }
}
