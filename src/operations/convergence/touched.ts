/** Which records the commits of a region touched, read from the files they changed; and which records a merge holds otherwise than its parents let expect. */
import { bucketOf } from '../../export/layout.ts'
import type { KeyText } from '../../model/canonical.ts'
import type { CollectionHistory } from './collection-history.ts'

/** Bucket → the files' blobs before and after, one for each commit of one parent that changed it. */
export type Touches = ReadonlyMap<string, readonly (readonly [before: string | undefined, after: string | undefined])[]>

/** The files that the commits of a region changed. Merges change nothing by themselves: what they do beyond their parents is looked for apart. */
export function touchesIn(history: CollectionHistory, region: readonly string[]): Touches {
  const touches = new Map<string, (readonly [string | undefined, string | undefined])[]>()
  for (const id of region) {
    const { parents } = history.graph.commit(id)
    const [parent, other] = parents
    if (other !== undefined) continue
    const after = history.buckets(id)
    const before = parent === undefined ? new Map<string, string>() : history.buckets(parent)
    if (before === after) continue
    for (const [bucket, blob] of after)
      if (before.get(bucket) !== blob) add(touches, bucket, [before.get(bucket), blob])
  }
  return touches
}

function add<Thing>(lists: Map<string, Thing[]>, name: string, thing: Thing): void {
  const list = lists.get(name)
  if (list === undefined) lists.set(name, [thing])
  else list.push(thing)
}

/** All blobs of some buckets in a list of touches. */
export function blobsOf(touches: Touches, buckets: Iterable<string>): string[] {
  return [...buckets].flatMap((bucket) => (touches.get(bucket) ?? []).flat().filter((id) => id !== undefined))
}

/** Keys that were written in a bucket: their lines differ between two states of its file. */
export function keysTouched(history: CollectionHistory, touches: Touches, bucket: string): Set<KeyText> {
  const keys = new Set<KeyText>()
  for (const [before, after] of touches.get(bucket) ?? [])
    for (const key of differingKeys(history, before, after)) keys.add(key)
  return keys
}

/** Keys whose records differ between two files; a damaged or absent one says nothing. */
export function differingKeys(history: CollectionHistory, a: string | undefined, b: string | undefined): KeyText[] {
  return a === b ? [] : [...history.difference(a, b).keys()]
}

/** True when a collection changed its layout inside a region: then any record may be in any file. */
export function isRelaid(history: CollectionHistory, commits: readonly string[]): boolean {
  const known = new Set<string>()
  for (const id of commits) {
    const layout = history.layout(id)
    if (layout !== undefined) known.add(JSON.stringify(layout))
  }
  return known.size > 1
}

/** The buckets that keys are in at a commit. */
export function bucketsFor(history: CollectionHistory, commit: string, keys: Iterable<KeyText>): Set<string> {
  const layout = history.layout(commit)
  return new Set(layout === undefined ? [] : [...keys].map((key) => bucketOf(key, layout)))
}
