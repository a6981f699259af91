/** Joining: the first meeting of a database with exports that are already in HEAD. It previews, then unites (default), or takes one side, or starts from a commit that is known to be the common past. */
import { commitNamed } from '../../git/history/commits.ts'
import { type Committed, countLines, readCommitted, readRecords } from '../../exports/committed.ts'
import { markDangling } from '../../merge/constraints/mark-dangling.ts'
import { mergeCollection } from '../../merge/collection.ts'
import { type KeyText, type RecordText, splitObject } from '../../model/canonical.ts'
import type { Change, CollectionChanges } from '../../model/change.ts'
import { LockedError, UsageError } from '../../model/errors.ts'
import type { Records } from '../../model/records.ts'
import { applySafely } from '../../safety/apply-safely.ts'
import { driftReason } from '../../schema/drift.ts'
import { type Holds, absentReason } from '../../source/holds.ts'
import { type Live, readLive } from '../../source/live.ts'
import type { Source } from '../../source/source.ts'
import { expectedEntries, pointEntry } from '../../source/sync-state.ts'
import type { Workspace } from '../../workspace/workspace.ts'

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

/** A record that differs, with the fields in which it does, or that is only here (`fields` is undefined). */
export interface JoinExample {
  readonly collection: string
  readonly key: KeyText
  readonly fields: readonly string[] | undefined
}

export interface JoinPreview {
  readonly counts: readonly JoinCounts[]
  /** Some of the records about which the answer decides. */
  readonly examples: readonly JoinExample[]
  /** True when live holds at most half of the exports' records, as after migrations and seeds. */
  readonly isFresh: boolean
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
      const reason = absentReason(source, name)
      if (reason !== undefined) holds.set(name, reason)
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
  const examples: JoinExample[] = []
  for (const name of met.names) {
    const committed = met.committed.get(name)
    const ours = met.live.collections.get(name) as Records
    if (ours.size === 0 && committed !== undefined) {
      const onlyThere = await countLines(source, committed)
      counts.push({ name, both: 0, onlyHere: 0, onlyThere, conflicts: 0 })
      continue
    }
    const theirs = await readRecords(source, committed)
    const both = [...theirs.keys()].filter((key) => ours.has(key)).length
    const conflicts = [...theirs].filter(([key, text]) => ours.has(key) && ours.get(key) !== text).length
    counts.push({ name, both, onlyHere: ours.size - both, onlyThere: theirs.size - both, conflicts })
    examples.push(...examplesOf(name, ours, theirs))
  }
  const overlaps = counts.some(({ onlyHere, conflicts }) => onlyHere > 0 || conflicts > 0)
  return { counts, examples, isFresh: isFresh(counts), holds: met.holds, overlaps }
}

function isFresh(counts: readonly JoinCounts[]): boolean {
  const here = counts.reduce((sum, { both, onlyHere }) => sum + both + onlyHere, 0)
  const there = counts.reduce((sum, { both, onlyThere }) => sum + both + onlyThere, 0)
  return here * 2 <= there
}

/** How many records of each kind a preview shows of one collection. */
const SHOWN = 3

function examplesOf(collection: string, ours: Records, theirs: Records): JoinExample[] {
  const differing: JoinExample[] = []
  const onlyHere: JoinExample[] = []
  for (const [key, text] of ours) {
    const other = theirs.get(key)
    if (other === undefined && onlyHere.length < SHOWN) onlyHere.push({ collection, key, fields: undefined })
    if (other !== undefined && other !== text && differing.length < SHOWN)
      differing.push({ collection, key, fields: differingFields(text, other) })
  }
  return [...differing, ...onlyHere]
}

function differingFields(a: RecordText, b: RecordText): string[] {
  const [ours, theirs] = [splitObject(a), splitObject(b)]
  return [...new Set([...ours.keys(), ...theirs.keys()])].filter((name) => ours.get(name) !== theirs.get(name))
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
  const point = await pointOf(workspace, mode, head)
  const state = new Map(met.names.map((name) => pointEntry(name, undefined, point)))
  const changes: CollectionChanges[] = []
  if (mode.kind === 'theirs') {
    const theirs = new Map<string, Records>()
    for (const name of met.names) theirs.set(name, await readRecords(source, met.committed.get(name)))
    for (const name of met.names) changes.push(takeTheirs(source, name, { live: met.live, theirs }))
  }
  const plan = { collections: changes, state, expectedState: expectedEntries(met.live.state, met.names) }
  const { state: read, actual: before } = met.live
  const outcome = await applySafely(workspace, source, { kind: 'join', plan, before, state: read })
  if (outcome.status === 'applied') return
  const why = outcome.status === 'stale' ? outcome.reason : outcome.message
  throw new LockedError(`source ${source.source}: could not join: ${why}`, { hint: 'Run tandem init again.' })
}

function takeTheirs(
  source: Source,
  name: string,
  met: { readonly live: Live; readonly theirs: ReadonlyMap<string, Records> },
): CollectionChanges {
  const ours = met.live.collections.get(name) as Records
  const theirs = met.theirs.get(name) as Records
  const stamps = { asset: '', since: 0, at: 1 }
  // live as its own base: every difference is theirs
  const sides = { base: ours, ours, theirs, rules: source.rules(name) }
  const changes: readonly Change[] = mergeCollection({
    ...sides,
    stampsOf: () => ({ ours: stamps, theirs: stamps }),
  }).changes
  const selection = source.selections.get(name) as CollectionChanges['selection']
  return { selection, changes: markDangling(selection.schema, changes, (parent) => met.theirs.get(parent)) }
}

/**
 * The commit that live is in step with after a join. Asked before the database is bound, too: a bound database without sync points would be joined by the next hook.
 * @throws UsageError for a commit that is not in HEAD's history
 */
export async function pointOf({ repository }: Workspace, mode: JoinMode, head: string): Promise<string> {
  if (mode.kind !== 'commit') return head
  const text = mode.commit
  const id = await commitNamed(repository, text)
  if (id !== undefined && (await repository.git(['merge-base', id, head], { answers: [1] })) === id) return id
  throw new UsageError(`--join ${text}: no commit in HEAD's history`, {
    hint: 'Use unite, theirs, ours, or a commit that git log shows.',
  })
}
