/** Decides what HEAD's exports mean for live, collection by collection: apply, hold (and why), or nothing. Reads git and the database; writes nothing but fresh keys taken from sequences. */
import { optionsFor } from '../config/match.ts'
import { guardFor } from '../config/rules.ts'
import { clockAt } from '../git/history.ts'
import { objectText, splitObject, type KeyText, arrayText } from '../model/canonical.ts'
import type { Change, CollectionChanges, StateChanges } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import type { WriterStamp } from '../model/rules.ts'
import {
  differingBuckets,
  readCommitted,
  readHeadExports,
  type Committed,
  type CommittedCollection,
} from './committed.ts'
import { guardReason, type AllowedDeletes } from './guard.ts'
import { driftOf, driftWords, holdPartners, type Holds } from './holds.ts'
import { readLive, type Records } from './live.ts'
import { mergeIntoLive, type LiveMerge, type MergeablePast } from './merge-live.ts'
import { pastOf, type Past } from './past.ts'
import type { Source } from './source.ts'
import { expectedEntries, pointEntry, readSyncState, type SyncPoint } from './sync-state.ts'
import type { Workspace } from './workspace.ts'

export interface PlanOptions {
  readonly head: string
  readonly allowed: AllowedDeletes
  /** Collections that the database refused in an earlier attempt. */
  readonly refused: Holds
  /** A first meeting of a database with exports: a key is always the identity, whatever was there before. */
  readonly join?: boolean
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

/** A collection whose exports at HEAD are not those live last agreed with. */
interface Moved {
  readonly name: string
  readonly past: MergeablePast
  readonly point: SyncPoint | undefined
  readonly base: CommittedCollection | undefined
  readonly theirs: CommittedCollection | undefined
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
  holdPartners(holds, source.selections)
  const live = await readLive(
    source,
    moved.map(({ name }) => name),
  )
  const merges = new Map<Moved, LiveMerge>()
  const clocks = new Clocks(workspace)
  for (const each of moved) {
    if (holds.has(each.name)) continue
    const records = live.collections.get(each.name) as Records
    if (live.sync.points.size === 0 && records.size > 0 && options.join !== true) {
      holds.set(each.name, 'this database holds records and never met these exports; to join them: tandem init')
      continue
    }
    const liveStamp = await clocks.stampOfLive(each.past)
    const input = { ...each, head: options.head, live: records, liveStamp, join: options.join === true }
    const merge = await mergeIntoLive(source, input)
    const reason = refusal(source, each.name, { merge, size: records.size, allowed: options.allowed })
    if (reason === undefined) merges.set(each, merge)
    else holds.set(each.name, reason)
  }
  holdPartners(holds, source.selections)
  return assemble(source, {
    options,
    state: live.state,
    merges,
    holds,
    live: live.collections,
    dryRun: workspace.invocation.dryRun,
  })
}

/** Collections that a commit moved; those of an unknown past included, to be held. */
async function movedCollections(
  source: Source,
  state: ReadonlyMap<string, string>,
  head: string,
): Promise<(Omit<Moved, 'past'> & { past: Past })[]> {
  const { points } = readSyncState(state)
  const theirs = await readHeadExports(source, head)
  const pasts = new Map<string, { past: Past; base: Committed }>()
  const moved: (Omit<Moved, 'past'> & { past: Past })[] = []
  for (const name of new Set([...points.keys(), ...theirs.keys()])) {
    const point = points.get(name)
    if (point === undefined) {
      moved.push({ name, past: { kind: 'new' }, point, base: undefined, theirs: theirs.get(name) })
      continue
    }
    const known = pasts.get(point.commit) ?? (await knownPast(source, point, head))
    pasts.set(point.commit, known)
    const each = { name, past: known.past, point, base: known.base.get(name), theirs: theirs.get(name) }
    if (hasMoved(each)) moved.push(each)
  }
  return moved
}

async function knownPast(source: Source, point: SyncPoint, head: string): Promise<{ past: Past; base: Committed }> {
  const past = await pastOf(source.repository, point, head)
  const base = 'base' in past ? await readCommitted(source, past.base) : new Map<string, CommittedCollection>()
  return { past, base }
}

/**
 * A rewritten past moves the sync point even when the files are the same, so that it stays in HEAD's history; so does a merge made here, whose losing values are to be
 * reported although what it gave is what live has.
 */
function hasMoved({ past, base, theirs }: Omit<Moved, 'past'> & { past: Past }): boolean {
  if (past.kind === 'current' || past.kind === 'ahead') return false
  if (past.kind === 'unknown' || past.kind === 'diverged') return true
  if (past.kind === 'behind' && (past.rewritten || past.junctions.some(({ madeHere }) => madeHere))) return true
  return !sameFiles(base, theirs)
}

function sameFiles(a: CommittedCollection | undefined, b: CommittedCollection | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.fileId === b.fileId && differingBuckets(a, b)?.size === 0
}

/** False, with a reason in `holds` where people should know: excluded here, missing here, drifted, without a key, of an unknown past, gone from HEAD. */
function mayApply(source: Source, each: Omit<Moved, 'past'> & { past: Past }, holds: Holds): each is Moved {
  const { name, past, theirs, base } = each
  if (holds.has(name)) return false
  const selection = source.selections.get(name)
  const reason = holdReason(source, { name, past, theirs, base, selection })
  if (reason !== undefined) holds.set(name, reason)
  return reason === undefined && selection !== undefined && theirs !== undefined
}

function holdReason(
  source: Source,
  each: Omit<Moved, 'past' | 'point'> & { readonly past: Past; readonly selection: Selection | undefined },
): string | undefined {
  const { name, past, theirs, base, selection } = each
  if (selection === undefined) return isExcluded(source, name) ? undefined : missingReason(source, name)
  if (past.kind === 'unknown') return `${past.reason}; try: git fetch --unshallow, then tandem apply`
  if (theirs === undefined)
    return `its exports are gone from HEAD; to retire it: tandem forget ${source.source}/${name}`
  if (selection.schema.key.length === 0) return keylessReason(source, name)
  if (driftOf(selection, base, theirs) === 'held')
    return `its structure differs from the exports (${driftWords(selection, theirs)}); migrate this database or the other`
  return undefined
}

function isExcluded(source: Source, name: string): boolean {
  return source.leftOut.some((left) => left.name === name)
}

/** For a collection that the exports have and the database has not. */
export function missingReason(source: Source, name: string): string {
  return `${source.description.database} has no ${name}: run your migrations; to retire it: tandem forget ${source.source}/${name}`
}

/** For a table without a key. */
export function keylessReason(source: Source, name: string): string {
  return `has no primary key; set sources.${source.source}.collections.${name}.key, or exclude it`
}

/** Live not yet exported was written between the sync point's clock and now: a commit on top of S. Each clock is read once. */
class Clocks {
  private readonly workspace: Workspace
  private readonly known = new Map<string, Promise<number>>()

  constructor(workspace: Workspace) {
    this.workspace = workspace
  }

  async stampOfLive(past: MergeablePast): Promise<WriterStamp> {
    const { repository, invocation, asset } = this.workspace
    const base = past.kind === 'new' ? undefined : past.base
    const clock = base === undefined ? 0 : (this.known.get(base) ?? clockAt(repository, base))
    if (base !== undefined) this.known.set(base, Promise.resolve(clock))
    const since = await clock
    return { asset, since, at: Math.max(invocation.nowMs(), since + 1) }
  }
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

/** What a dry run shows: taking numbers from a sequence would use them up. */
function likelyKeys({ rekeys, above }: LiveMerge): string[] {
  return rekeys.map((_, i) => String(above + BigInt(i) + 1n))
}

/** Gives live's records that lost their number the sequence's next ones, and says so in the decisions. */
async function rekey(
  source: Source | undefined,
  selection: Selection,
  merge: LiveMerge,
): Promise<{ changes: Change[]; noted(decision: Decision): Decision }> {
  const { schema } = selection
  const [field] = schema.key
  if (merge.rekeys.length === 0 || field === undefined) return { changes: [], noted: (decision) => decision }
  const count = merge.rekeys.length
  const numbers = source === undefined ? likelyKeys(merge) : await source.adapter.nextKeys(schema, count, merge.above)
  const given = new Map<KeyText, string>()
  const changes = merge.rekeys.map(({ key, moved }, i): Change => {
    const number = numbers[i] as string
    given.set(key, number)
    const after = objectText([...splitObject(moved)].map(([name, value]) => [name, name === field ? number : value]))
    return { key: arrayText([number]), before: undefined, after }
  })
  return {
    changes,
    noted: (decision) =>
      decision.kind === 'key-collision' && given.has(decision.key)
        ? { ...decision, field, chosen: given.get(decision.key), rule: 'rekeyed' }
        : decision,
  }
}
