/** Joining: the first meeting of a database with exports that are already in HEAD. It previews, then unites (default), or takes one side, or starts from a commit that is known to be the common past. */
import { mergeCollection } from '../../merge/collection.ts'
import type { Change, CollectionChanges } from '../../model/change.ts'
import { LockedError, UsageError } from '../../model/errors.ts'
import { readCommitted, readRecords, type Committed } from '../committed.ts'
import { driftReason } from '../drift.ts'
import type { Holds } from '../holds.ts'
import { readLive, type Live, type Records } from '../live.ts'
import { missingReason } from '../moved.ts'
import { applySafely } from '../safety/apply-safely.ts'
import type { Source } from '../source.ts'
import { expectedEntries, pointEntry } from '../sync-state.ts'
import type { Workspace } from '../workspace.ts'

/** `unite`: both sides' records, conflicts by the rules; `theirs`: HEAD's; `ours`: live's, which the next push exports; else a commit: the common past. */
export type JoinMode =
  | { readonly kind: 'unite' | 'theirs' | 'ours' }
  | { readonly kind: 'commit'; readonly commit: string }

/** What a join would find in one collection, in records. */
export interface JoinCounts {
  readonly name: string
  readonly both: number
  readonly onlyHere: number
  readonly onlyThere: number
  readonly conflicts: number
}

export interface JoinPreview {
  readonly counts: readonly JoinCounts[]
  readonly holds: Holds
  /** True when live holds records of its own, so that somebody should choose. */
  readonly overlaps: boolean
}

interface Met {
  readonly committed: Committed
  readonly live: Live
  /** Collections that both sides have in the same structure. */
  readonly names: readonly string[]
  readonly holds: Holds
}

/** Reads both sides. @throws DamagedError */
async function meet(source: Source, head: string): Promise<Met> {
  const committed = await readCommitted(source, head)
  const holds: Holds = new Map()
  const names: string[] = []
  for (const [name, collection] of committed) {
    const selection = source.selections.get(name)
    if (selection === undefined) {
      if (!source.leftOut.some((left) => left.name === name)) holds.set(name, missingReason(source, name))
      continue
    }
    const drift = driftReason(selection, { base: undefined, head: collection })
    if (drift === undefined) names.push(name)
    else holds.set(name, drift)
  }
  return { committed, live: await readLive(source, names), names, holds }
}

/** What a join with HEAD would find. Changes nothing. @throws DamagedError */
export async function previewJoin(source: Source, head: string): Promise<JoinPreview> {
  const met = await meet(source, head)
  const counts: JoinCounts[] = []
  for (const name of met.names) {
    const theirs = await readRecords(source, met.committed.get(name))
    const ours = met.live.collections.get(name) as Records
    const both = [...theirs.keys()].filter((key) => ours.has(key)).length
    const conflicts = [...theirs].filter(([key, text]) => ours.has(key) && ours.get(key) !== text).length
    counts.push({ name, both, onlyHere: ours.size - both, onlyThere: theirs.size - both, conflicts })
  }
  return { counts, holds: met.holds, overlaps: counts.some(({ onlyHere, conflicts }) => onlyHere > 0 || conflicts > 0) }
}

/**
 * Sets the sync points for a join, and for `theirs` makes live what HEAD holds. After `unite` or a commit, reconciling does the rest.
 * @throws UsageError for a commit that is not in HEAD's history; LockedError when live changed meanwhile
 */
export async function join(
  workspace: Workspace,
  source: Source,
  options: { head: string; mode: JoinMode },
): Promise<void> {
  const { head, mode } = options
  if (mode.kind === 'unite') return
  const met = await meet(source, head)
  const point = mode.kind === 'commit' ? await resolveCommit(workspace, mode.commit, head) : head
  const state = new Map(met.names.map((name) => pointEntry(name, undefined, point)))
  const changes: CollectionChanges[] = []
  if (mode.kind === 'theirs') for (const name of met.names) changes.push(await takeTheirs(source, name, met))
  const plan = { collections: changes, state, expectedState: expectedEntries(met.live.state, met.names) }
  const { state: read, actual: before } = met.live
  const outcome = await applySafely(workspace, source, { kind: 'join', plan, before, state: read })
  if (outcome.status === 'applied') return
  const why = outcome.status === 'stale' ? outcome.reason : outcome.message
  throw new LockedError(`source ${source.source}: could not join: ${why}`, { hint: 'Run tandem init again.' })
}

async function takeTheirs(source: Source, name: string, met: Met): Promise<CollectionChanges> {
  const ours = met.live.collections.get(name) as Records
  const theirs = await readRecords(source, met.committed.get(name))
  const stamps = { asset: '', since: 0, at: 1 }
  // live as its own base: every difference is theirs
  const sides = { base: ours, ours, theirs, rules: source.rules(name) }
  const changes: readonly Change[] = mergeCollection({
    ...sides,
    stampsOf: () => ({ ours: stamps, theirs: stamps }),
  }).changes
  return { selection: source.selections.get(name) as CollectionChanges['selection'], changes }
}

async function resolveCommit(workspace: Workspace, text: string, head: string): Promise<string> {
  const { repository } = workspace
  const id = await repository.git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${text}^{commit}`], {
    answers: [1, 128],
  })
  if (id !== '' && (await repository.git(['merge-base', id, head], { answers: [1] })) === id) return id
  throw new UsageError(`--join ${text}: no commit in HEAD's history`, {
    hint: 'Use unite, theirs, ours, or a commit that git log shows.',
  })
}
