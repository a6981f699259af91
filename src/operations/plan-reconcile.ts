/** Decides what HEAD's exports mean for live, collection by collection: apply, hold (and why), or nothing. Reads git and the database; writes nothing but fresh keys taken from sequences. */
import { optionsFor } from '../config/match.ts'
import { guardFor } from '../config/rules.ts'
import { openGraph } from '../git/graph.ts'
import type { Change, CollectionChanges, StateChanges } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import { guardReason, type AllowedDeletes } from './guard.ts'
import { holdPartners, type Holds } from './holds.ts'
import { readLive, type Records } from './live.ts'
import { withLiveCommit } from './live-commit.ts'
import { mergeIntoLive, type LiveMerge, type MergeablePast } from './merge-live.ts'
import { holdMixed } from './mixed.ts'
import { mayApply, movedCollections, type Moved } from './moved.ts'
import { rekey } from './rekey.ts'
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
  /** Commits in which code and data are mixed are taken as they are. */
  readonly takeMixed?: boolean
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
  readonly changes: readonly CollectionChanges[]
  readonly state: StateChanges
  readonly expected: StateChanges
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
  const moved = (await movedCollections(source, state, options.head)).filter((each) => mayApply(source, each, holds))
  if (options.takeMixed !== true) await holdMixed(source, moved, { head: options.head, holds })
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
    const input = { ...each, ...shared, head: options.head, live: records, join: options.join === true }
    const merge = await mergeIntoLive(source, input)
    const reason = refusal(source, each.name, { merge, size: records.size, allowed: options.allowed })
    if (reason === undefined) merges.set(each, merge)
    else holds.set(each.name, reason)
  }
  holdPartners(holds, source.selections)
  const { dryRun } = workspace.invocation
  const plan = await assemble(source, { options, state: live.state, merges, holds, live: live.collections, dryRun })
  if (dryRun) return plan
  const met = [...merges].flatMap(([each, merge]) => (merge.metEdits ? [each.name] : []))
  return withLiveCommit(workspace, source, { plan, graph: shared.graph, state: live.state, met: new Set(met) })
}

/** Why a merge that could be computed is not applied: the guard, or a number that references hang on. */
function refusal(
  source: Source,
  name: string,
  found: { readonly merge: LiveMerge; readonly size: number; readonly allowed: AllowedDeletes },
): string | undefined {
  const { merge, size, allowed } = found
  const keys = merge.rekeys.map(({ key }) => key).join(', ')
  if (merge.rekeys.length > 0 && !source.rules(name).serialKey)
    return `both machines gave ${keys} to records that differ in their identity fields; give one of them another key by hand`
  const children = [...source.selections.values()].filter(({ schema }) =>
    schema.references.some(({ to }) => to === name),
  )
  if (merge.rekeys.length > 0 && children.length > 0) {
    const tables = children.map(({ schema }) => schema.name).join(', ')
    return `both machines gave ${keys} to different records, and ${tables} may refer to them; give one of them another number by hand`
  }
  const deletes = merge.changes.filter((change) => change.after === undefined).length
  const configured = guardFor(optionsFor(source.config, name))
  return guardReason({ collection: name, deletes, size, configured, allowed })
}

async function assemble(
  source: Source,
  found: {
    readonly options: PlanOptions
    readonly state: ReadonlyMap<string, string>
    readonly merges: ReadonlyMap<Moved, LiveMerge>
    readonly holds: Holds
    readonly live: ReadonlyMap<string, Records>
    readonly dryRun: boolean
  },
): Promise<ReconcilePlan> {
  const { options, holds } = found
  const outcomes: CollectionOutcome[] = []
  const changes: CollectionChanges[] = []
  const state = new Map<string, string | undefined>()
  for (const [each, merge] of found.merges) {
    if (holds.has(each.name)) continue
    const selection = source.selections.get(each.name) as Selection
    const rekeyed = await rekey(found.dryRun ? undefined : source, selection, merge)
    const all = [...merge.changes, ...rekeyed.changes]
    const before = found.live.get(each.name) as Records
    const decisions = merge.decisions.map((decision) => rekeyed.noted(decision))
    outcomes.push({ name: each.name, past: each.past, before, changes: all, decisions })
    if (all.length > 0) changes.push({ selection, changes: all })
    const [name, text] = pointEntry(each.name, each.point, options.head)
    state.set(name, text)
  }
  const names = outcomes.map(({ name }) => name)
  return { head: options.head, outcomes, holds, changes, state, expected: expectedEntries(found.state, names) }
}
