/** Finds the collections that HEAD changed since live's sync points. */
import type { Consent } from '../model/consent.ts'
import {
  type Committed,
  type CommittedCollection,
  differingBuckets,
  readCommitted,
  readHeadExports,
} from '../exports/committed.ts'
import type { Source } from '../source/source.ts'
import { type SyncPoint, readSyncState } from '../source/sync-state.ts'
import { type MergeablePast, type Past, olderPast, pastOf } from './past.ts'
import { commitBefore, renamedCollections } from './renamed-collections.ts'

/** A collection changed by HEAD that can be merged. `base` is the collection at the sync point, `theirs` at HEAD; each is undefined where that commit does not have it. */
export interface MergeableCollection {
  readonly name: string
  readonly past: MergeablePast
  readonly point: SyncPoint | undefined
  readonly base: CommittedCollection | undefined
  readonly theirs: CommittedCollection | undefined
  /** The name that `base` has, where the table was renamed here; `theirs` has it too until somebody exports the new one. */
  readonly former?: string
}

/** A collection changed by HEAD, whatever its past. If its past is unknown, it cannot be merged and has to be held. */
export type ChangedCollection = Omit<MergeableCollection, 'past'> & { readonly past: Past }

/** The commit to compare with, and what a person allowed. With `acceptMerge`, collections that are in step with HEAD are included too, because what that merge dropped is in question. */
export interface ChangedSince {
  readonly head: string
  readonly consent?: Consent
}

/** The collections changed by HEAD, including those whose past is unknown, which have to be held. @throws DamagedError when HEAD's exports are damaged */
export async function changedCollections(
  source: Source,
  state: ReadonlyMap<string, string>,
  options: ChangedSince,
): Promise<ChangedCollection[]> {
  const { head } = options
  const { points } = readSyncState(state)
  const theirs = await readHeadExports(source, head)
  const pasts = new Map<string, { past: Past; base: Committed }>()
  const changed: ChangedCollection[] = []
  const renamed = await changedUnderOtherNames(source, { points, theirs }, options)
  for (const name of new Set([...points.keys(), ...theirs.keys()])) {
    const point = points.get(name)
    if (renamed.has(name) || [...renamed.values()].some((each) => each.former === name && !theirs.has(name))) continue
    if (point === undefined) {
      changed.push({ name, past: { kind: 'new' }, point, base: undefined, theirs: theirs.get(name) })
      continue
    }
    const id = [point.commit, ...point.chain].join(' ')
    const known = pasts.get(id) ?? (await knownPast(source, point, options))
    pasts.set(id, known)
    const each = { name, past: known.past, point, base: known.base.get(name), theirs: theirs.get(name) }
    if (isChanged(each)) changed.push(each)
    else if (options.consent?.acceptMerge !== undefined && each.past.kind === 'current')
      changed.push(mergedOverHead(each, head))
  }
  return [...changed, ...renamed.values()]
}

/** The collections that were renamed here and whose records HEAD changed under either name. */
async function changedUnderOtherNames(
  source: Source,
  { points, theirs }: { readonly points: ReadonlyMap<string, SyncPoint>; readonly theirs: Committed },
  options: ChangedSince,
): Promise<ReadonlyMap<string, ChangedCollection>> {
  const changed = new Map<string, ChangedCollection>()
  for (const [name, former] of await renamedCollections(source, points)) {
    const head = theirs.get(name) ?? theirs.get(former.name)
    // where S has the new table already, live is what came of the former one before that
    const start =
      (await commitBefore(source, { name, former: former.name }, former.point.commit)) ?? former.point.commit
    const { past, base } = await knownPast(source, { ...former.point, commit: start }, options)
    const before = base.get(former.name)
    if (head === undefined || before === undefined || !('base' in past)) continue
    const each = { name, past, point: former.point, base: before, theirs: head, former: former.name }
    if (theirs.has(name) || isChanged(each)) changed.set(name, each)
  }
  return changed
}

/** A collection that is in step with HEAD, as one to be merged over HEAD itself. */
function mergedOverHead(each: ChangedCollection, head: string): ChangedCollection {
  const past = { kind: 'behind', base: head, rewritten: false, hasMerges: true, junctions: [] } as const
  return { ...each, past, base: each.theirs }
}

/** The past of a sync point, and the exports of the commit to merge over. `tandem init` may fall back to an older sync point when this one is lost. */
async function knownPast(source: Source, point: SyncPoint, at: ChangedSince): Promise<{ past: Past; base: Committed }> {
  const { repository } = source
  const found = await pastOf(repository, point, at.head)
  const past =
    found.kind === 'unknown' && at.consent?.init !== undefined
      ? ((await olderPast(repository, point, at.head)) ?? found)
      : found
  const base = 'base' in past ? await readCommitted(source, past.base) : new Map<string, CommittedCollection>()
  return { past, base }
}

/**
 * True when HEAD changed the collection, so that it has to be merged. After a rewrite of history it counts as changed even if its files are the same, so that its sync point
 * moves to a commit in HEAD's history. After a merge it does too: records that the merge dropped have to be kept, and values that lost in a merge made here have to be reported.
 */
function isChanged({ past, base, theirs }: ChangedCollection): boolean {
  if (past.kind === 'current' || past.kind === 'ahead') return false
  if (past.kind === 'unknown' || past.kind === 'diverged') return true
  if (past.kind === 'behind' && (past.rewritten || past.hasMerges)) return true
  return !sameFiles(base, theirs)
}

function sameFiles(a: CommittedCollection | undefined, b: CommittedCollection | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.fileId === b.fileId && differingBuckets(a, b)?.size === 0
}
