/** Finds the records in doubt: those that a merge commit may hold otherwise than the rule gives. Only these are computed again. For a merge whose files follow from its parents' files no record is read. */
import { complete } from '../git/history/lazily.ts'
import type { KeyText } from '../model/canonical.ts'
import type { CollectionHistory } from './collection-history.ts'
import { type Touches, blobsOf, differingKeys, isRelaid, keysTouched, touchesIn } from './touched.ts'

/** Merge commit → keys in doubt. */
export type Doubts = ReadonlyMap<string, ReadonlySet<KeyText>>

/**
 * The doubts about all merges between `heads` and the nearest settled commits before them, and about all merges among `regions`, even settled ones, because there the rule
 * needs what a merge wrote.
 */
export async function doubtsBefore(
  history: CollectionHistory,
  heads: readonly string[],
  regions: readonly string[] = [],
): Promise<Doubts> {
  const merges = await complete(() => doubtfulMerges(history, heads, new Set(regions)))
  const doubts = new Map<string, ReadonlySet<KeyText>>()
  if (merges.length === 0) return doubts
  const known = await history.knownMerges()
  for (const merge of merges) {
    const own = known?.keys(merge) ?? (await doubtsAbout(history, merge))
    if (known !== undefined && known.keys(merge) === undefined) await known.note(merge, own)
    const found = new Set(own)
    for (const key of await keysBelow(history, merge, doubts)) found.add(key)
    if (found.size > 0) doubts.set(merge, found)
  }
  return doubts
}

/** Keys in doubt about earlier merges that only one of this merge's sides contains. */
async function keysBelow(history: CollectionHistory, merge: string, doubts: Doubts): Promise<KeyText[]> {
  if (doubts.size === 0) return []
  const { graph } = history
  const [p, q] = graph.commit(merge).parents as readonly [string, string]
  const commits = await complete(() => [...graph.region([p], [q]), ...graph.region([q], [p])])
  return commits.flatMap((id) => [...(doubts.get(id) ?? [])])
}

/** The merges to look at, oldest first, because a key in doubt about one merge is in doubt about later merges too. */
function doubtfulMerges(history: CollectionHistory, heads: readonly string[], region: ReadonlySet<string>): string[] {
  const seen = new Set<string>()
  const open = [...heads]
  const merges: string[] = []
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id) || (history.isSettled(id) && !region.has(id))) continue
    seen.add(id)
    const { parents } = history.graph.commit(id)
    if (parents.length === 2) merges.push(id)
    open.push(...parents)
  }
  return merges.sort((a, b) => history.graph.commit(a).at - history.graph.commit(b).at)
}

/** A merge commit, its parents `p` and `q`, and what the commits that only `p` (`left`) or only `q` (`right`) contains changed. */
interface Meeting {
  readonly merge: string
  readonly p: string
  readonly q: string
  readonly left: Touches
  readonly right: Touches
}

async function doubtsAbout(history: CollectionHistory, merge: string): Promise<KeyText[]> {
  const { graph } = history
  const [p, q] = graph.commit(merge).parents as readonly [string, string]
  await history.readFolders([merge, p, q])
  if (history.buckets(merge) === history.buckets(p) && history.buckets(p) === history.buckets(q)) return []
  const sides = await complete(() => [graph.region([p], [q]), graph.region([q], [p])] as const)
  const commits = sides.flat()
  await history.readFolders(await complete(() => commits.flatMap((id) => [id, ...graph.commit(id).parents])))
  const [left, right] = await complete(() => [touchesIn(history, sides[0]), touchesIn(history, sides[1])] as const)
  const meeting = { merge, p, q, left, right }
  const isRelaidHere = await complete(() => isRelaid(history, [merge, p, q, ...commits]))
  const buckets = isRelaidHere ? allBuckets(history, meeting) : doubtfulBuckets(history, meeting)
  const blobs = [merge, p, q].flatMap((id) => buckets.flatMap((bucket) => history.buckets(id).get(bucket) ?? []))
  await history.readBlobs([...blobs, ...blobsOf(left, buckets), ...blobsOf(right, buckets)])
  return complete(() => [...new Set(buckets.flatMap((bucket) => doubtfulKeys(history, meeting, bucket)))])
}

function allBuckets(history: CollectionHistory, { merge, p, q }: Meeting): string[] {
  return [...new Set([merge, p, q].flatMap((id) => [...history.buckets(id).keys()]))]
}

/** The buckets whose file in the merge is not explained by its parents. It is explained when it equals one parent's file and the other side did not change that file. */
function doubtfulBuckets(history: CollectionHistory, meeting: Meeting): string[] {
  const { merge, p, q, left, right } = meeting
  const [own, one, other] = [merge, p, q].map((id) => history.buckets(id))
  return allBuckets(history, meeting).filter((bucket) => {
    const blob = own?.get(bucket)
    const isFirst = blob === one?.get(bucket) && !right.has(bucket)
    const isSecond = blob === other?.get(bucket) && !left.has(bucket)
    return !isFirst && !isSecond
  })
}

/** Keys of one file that both sides wrote, or whose record in the merge is not that of the side that wrote it. */
function doubtfulKeys(history: CollectionHistory, { merge, p, q, left, right }: Meeting, bucket: string): KeyText[] {
  const [byLeft, byRight] = [keysTouched(history, left, bucket), keysTouched(history, right, bucket)]
  const [own, one, other] = [merge, p, q].map((id) => history.buckets(id).get(bucket))
  const keys = new Set([
    ...byLeft,
    ...byRight,
    ...differingKeys(history, own, one),
    ...differingKeys(history, own, other),
  ])
  return [...keys].filter((key) => {
    if (byLeft.has(key) && byRight.has(key)) return true
    const expected = history.content(byRight.has(key) ? q : p, key)
    return history.content(merge, key) !== expected
  })
}
