/** Finds which files and records the commits of a region changed. */
import { bucketOf } from '../format/layout.ts'
import type { KeyText } from '../model/canonical.ts'
import type { CollectionHistory } from './collection-history.ts'

/**
 * A file's blobs before and after a commit. `commit` is set where the commit brought fields that earlier records are read as having (filled.ts): then a record may have been written
 * although its line is the same, by a NULL in place of the default.
 */
type Touch = readonly [before: string | undefined, after: string | undefined, commit?: string]

/** Bucket → a touch for each commit of one parent that changed the file, or what its lines mean. */
export type Touches = ReadonlyMap<string, readonly Touch[]>

/** The files that the commits of a region changed. Merges are left out; doubts.ts looks for what a merge changed beyond its parents. */
export function touchesIn(history: CollectionHistory, region: readonly string[]): Touches {
  const touches = new Map<string, Touch[]>()
  for (const id of region) {
    const { parents } = history.graph.commit(id)
    const [parent, other] = parents
    if (other !== undefined) continue
    const after = history.buckets(id)
    const before = parent === undefined ? new Map<string, string>() : history.buckets(parent)
    if (before === after) continue
    const brings = parent !== undefined && history.bringsFields(parent, id)
    for (const [bucket, blob] of after)
      if (brings) add(touches, bucket, [before.get(bucket), blob, id])
      else if (before.get(bucket) !== blob) add(touches, bucket, [before.get(bucket), blob])
  }
  return touches
}

function add<Thing>(lists: Map<string, Thing[]>, name: string, thing: Thing): void {
  const list = lists.get(name)
  if (list === undefined) lists.set(name, [thing])
  else list.push(thing)
}

/** The ids of all blobs that the touches name for these buckets. */
export function blobsOf(touches: Touches, buckets: Iterable<string>): string[] {
  return [...buckets].flatMap((bucket) =>
    (touches.get(bucket) ?? []).flatMap(([a, b]) => [a, b].filter((id) => id !== undefined)),
  )
}

/** The keys of the records that some commit wrote in a bucket: their lines differ between two states of its file, or what the lines mean does. */
export function keysTouched(history: CollectionHistory, touches: Touches, bucket: string): Set<KeyText> {
  const keys = new Set<KeyText>()
  for (const [before, after, commit] of touches.get(bucket) ?? []) {
    for (const key of differingKeys(history, before, after)) keys.add(key)
    if (commit !== undefined) for (const key of writtenKeys(history, { before, after, commit })) keys.add(key)
  }
  return keys
}

/** The keys whose records differ although the one before is read with the fields that the commit brought. */
function writtenKeys(
  history: CollectionHistory,
  at: { readonly before: string | undefined; readonly after: string | undefined; readonly commit: string },
): KeyText[] {
  const [before, after] = [at.before, at.after].map((blob) => (blob === undefined ? undefined : history.records(blob)))
  if (before === undefined || after === undefined) return []
  const [parent] = history.graph.commit(at.commit).parents
  const wrote = (key: KeyText): boolean =>
    parent === undefined || history.content(parent, key) !== history.content(at.commit, key)
  return [...new Set([...before.keys(), ...after.keys()])].filter(wrote)
}

/** The keys whose records differ between two files. If one is damaged or absent, these are all keys of the other. */
export function differingKeys(history: CollectionHistory, a: string | undefined, b: string | undefined): KeyText[] {
  return a === b ? [] : [...history.difference(a, b).keys()]
}

/** True when these commits have the collection in more than one layout. Then any record may be in any file. */
export function isRelaid(history: CollectionHistory, commits: readonly string[]): boolean {
  const known = new Set<string>()
  for (const id of commits) {
    const layout = history.layout(id)
    if (layout !== undefined) known.add(JSON.stringify(layout))
  }
  return known.size > 1
}

/** The buckets that these keys belong into by the layout at a commit; empty when the commit does not have the collection. */
export function bucketsFor(history: CollectionHistory, commit: string, keys: Iterable<KeyText>): Set<string> {
  const layout = history.layout(commit)
  return new Set(layout === undefined ? [] : [...keys].map((key) => bucketOf(key, layout)))
}
