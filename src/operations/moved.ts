/** Which collections HEAD moved away from live's sync points, and which of them may be applied at all; the others are held, with the reason in words. */
import type { Selection } from '../model/collection.ts'
import {
  bucketPath,
  differingBuckets,
  readCommitted,
  readHeadExports,
  type Committed,
  type CommittedCollection,
} from './committed.ts'
import { driftReason } from './drift.ts'
import type { Holds } from './holds.ts'
import type { MergeablePast } from './merge-live.ts'
import { olderPast, pastOf, type Past } from './past.ts'
import type { PlanOptions } from './plan-reconcile.ts'
import type { Source } from './source.ts'
import { readSyncState, type SyncPoint } from './sync-state.ts'

/** A collection whose exports at HEAD are not those live last agreed with. */
export interface Moved {
  readonly name: string
  readonly past: MergeablePast
  readonly point: SyncPoint | undefined
  readonly base: CommittedCollection | undefined
  readonly theirs: CommittedCollection | undefined
}

/** The same, with a past that may not be one to merge over. */
type MaybeMoved = Omit<Moved, 'past'> & { readonly past: Past }

/** Collections that a commit moved; those of an unknown past included, to be held. */
export async function movedCollections(
  source: Source,
  state: ReadonlyMap<string, string>,
  options: Pick<PlanOptions, 'head' | 'acceptMerge' | 'mayGoBack'>,
): Promise<MaybeMoved[]> {
  const { head } = options
  const { points } = readSyncState(state)
  const theirs = await readHeadExports(source, head)
  const pasts = new Map<string, { past: Past; base: Committed }>()
  const moved: MaybeMoved[] = []
  for (const name of new Set([...points.keys(), ...theirs.keys()])) {
    const point = points.get(name)
    if (point === undefined) {
      moved.push({ name, past: { kind: 'new' }, point, base: undefined, theirs: theirs.get(name) })
      continue
    }
    const id = [point.commit, ...point.chain].join(' ')
    const known = pasts.get(id) ?? (await knownPast(source, point, options))
    pasts.set(id, known)
    const each = { name, past: known.past, point, base: known.base.get(name), theirs: theirs.get(name) }
    if (hasMoved(each)) moved.push(each)
    else if (options.acceptMerge !== undefined && each.past.kind === 'current') moved.push(overHead(each, head))
  }
  return moved
}

/** In step with HEAD, to be looked at once more. */
function overHead(each: MaybeMoved, head: string): MaybeMoved {
  const past = { kind: 'behind', base: head, rewritten: false, hasMerges: true, junctions: [] } as const
  return { ...each, past, base: each.theirs }
}

async function knownPast(
  source: Source,
  point: SyncPoint,
  at: Pick<PlanOptions, 'head' | 'mayGoBack'>,
): Promise<{ past: Past; base: Committed }> {
  const { repository } = source
  const found = await pastOf(repository, point, at.head)
  const past =
    found.kind === 'unknown' && at.mayGoBack === true ? ((await olderPast(repository, point, at.head)) ?? found) : found
  const base = 'base' in past ? await readCommitted(source, past.base) : new Map<string, CommittedCollection>()
  return { past, base }
}

/**
 * A rewritten past moves the sync point even when the files are the same, so that it stays in HEAD's history; so does a merge: what it dropped is to be
 * kept, and what lost in one made here is to be reported, although no file differs from what live has.
 */
function hasMoved({ past, base, theirs }: MaybeMoved): boolean {
  if (past.kind === 'current' || past.kind === 'ahead') return false
  if (past.kind === 'unknown' || past.kind === 'diverged') return true
  if (past.kind === 'behind' && (past.rewritten || past.hasMerges)) return true
  return !sameFiles(base, theirs)
}

function sameFiles(a: CommittedCollection | undefined, b: CommittedCollection | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.fileId === b.fileId && differingBuckets(a, b)?.size === 0
}

/** False, with a reason in `holds` where people should know: excluded here, missing here, drifted, without a key, of an unknown past, gone from HEAD. */
export function mayApply(source: Source, each: MaybeMoved, holds: Holds): each is Moved {
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
  if (past.kind === 'unknown')
    return `${past.reason}; fetch it from where it was made (git pull, or git fetch --unshallow); if it is lost: tandem init`
  if (theirs === undefined)
    return `its exports are gone from HEAD; to retire it: tandem forget ${source.source}/${name}`
  const lost = lostFile(base, theirs)
  if (lost !== undefined)
    return `${lost} is gone from HEAD, which deletes nothing; put it back: git checkout ${'base' in past ? past.base.slice(0, 7) : 'COMMIT'} -- ${lost}`
  if (selection.schema.key.length === 0) return keylessReason(source, name)
  return driftReason(selection, { base, head: theirs })
}

/** A records file is never deleted by ordinary work: one that the sync point has and HEAD lacks was lost, and says nothing about its records. */
function lostFile(base: CommittedCollection | undefined, theirs: CommittedCollection): string | undefined {
  const bucket = [...(base?.buckets.keys() ?? [])].find((name) => !theirs.buckets.has(name))
  return bucket === undefined ? undefined : bucketPath(theirs.folder, bucket)
}

function isExcluded(source: Source, name: string): boolean {
  return source.leftOut.some((left) => left.name === name)
}

/** For a collection that the exports have and the database has not. */
export function missingReason(source: Source, name: string): string {
  return `${source.description.database} has no ${name}: run your migrations, or: tandem apply --apply-schema; to retire it: tandem forget ${source.source}/${name}`
}

/** For a table without a key. */
export function keylessReason(source: Source, name: string): string {
  return `has no primary key; set sources.${source.source}.collections.${name}.key, or exclude it`
}
