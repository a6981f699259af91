/** Divides the records of a collection between two lines of history: what theirs alone wrote, and what both wrote, each of these merged by the rule. */
import { complete } from '../../git/lazily.ts'
import { convergence, type Convergence } from '../../merge/convergence.ts'
import type { RecordOutcome } from '../../merge/sides.ts'
import { compareBytes, type KeyText, type RecordText } from '../../model/canonical.ts'
import { once } from '../../model/once.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { CollectionHistory } from './collection-history.ts'
import { doubtful, isLaidOver, type Survey } from './survey.ts'
import { blobsOf, bucketsFor, keysTouched } from './touched.ts'

export interface Division {
  /** Records as theirs has them, where ours wrote nothing; undefined: deleted. */
  readonly theirs: ReadonlyMap<KeyText, RecordText | undefined>
  /** Records that both sides wrote, or that some merge holds otherwise than the rule gives; by key bytes. */
  readonly contested: ReadonlyMap<KeyText, RecordOutcome>
  /** The rule for one record; ask it inside `complete`. */
  readonly ruleOf: (key: KeyText) => Convergence
}

export interface DivideInput {
  readonly history: CollectionHistory
  readonly rules: MergeRules
  readonly survey: Survey
  /** Keys that a live database wrote on top of its commit. */
  readonly wrote: ReadonlySet<KeyText>
}

export async function divide(input: DivideInput): Promise<Division> {
  const { history, rules, survey } = input
  const ruleOf = once((key: KeyText) => convergence(history.of(key), rules, key))
  const { own, other, texts } = survey.isRelaid ? await keysAnywhere(input) : await keysByFile(input)
  const keys = new Set([...doubtful(survey), ...[...other].filter((key) => own.has(key))])
  await prefetch(history, survey, keys)
  const contested = new Map<KeyText, RecordOutcome>()
  for (const key of [...keys].sort(compareBytes))
    contested.set(key, await complete(() => ruleOf(key).merge(survey.ours, survey.theirs)))
  const theirs = new Map<KeyText, RecordText | undefined>()
  for (const key of other)
    if (!keys.has(key))
      theirs.set(key, texts.has(key) ? texts.get(key) : await complete(() => history.content(survey.theirs, key)))
  return { theirs, contested, ruleOf }
}

interface Keys {
  /** Keys that ours wrote, in files that theirs touched. */
  readonly own: ReadonlySet<KeyText>
  /** Keys that theirs wrote. */
  readonly other: ReadonlySet<KeyText>
  /** What theirs holds under some of them, where it is at hand. */
  readonly texts: ReadonlyMap<KeyText, RecordText | undefined>
}

/** A file that only theirs touched is compared as a whole; where both did, it matters who wrote which record. */
async function keysByFile({ history, survey, wrote }: DivideInput): Promise<Keys> {
  const { left, right } = survey.touched
  const { ourCommit, theirs } = survey
  const live = await complete(() => bucketsFor(history, theirs, wrote))
  const isShared = (bucket: string): boolean => left.has(bucket) || live.has(bucket)
  const buckets = [...right.keys()]
  const shared = buckets.filter(isShared)
  const blobAt = (commit: string, bucket: string): string | undefined => history.buckets(commit).get(bucket)
  const ends = buckets.flatMap((bucket) => [blobAt(ourCommit, bucket), blobAt(theirs, bucket)])
  await history.readBlobs([...ends, ...blobsOf(left, shared), ...blobsOf(right, shared)])
  const own = new Set([...wrote, ...shared.flatMap((bucket) => [...keysTouched(history, left, bucket)])])
  const texts = new Map<KeyText, RecordText | undefined>()
  const other = new Set<KeyText>()
  for (const bucket of buckets) {
    const [before, after] = [blobAt(ourCommit, bucket), blobAt(theirs, bucket)]
    if (isShared(bucket)) for (const key of keysTouched(history, right, bucket)) other.add(key)
    else if (before !== after)
      for (const [key, text] of history.difference(before, after)) {
        other.add(key)
        if (after !== undefined) texts.set(key, text)
      }
  }
  return { own, other, texts }
}

/** Where the layout changed, a record is looked for in all files of each commit. */
async function keysAnywhere({ history, survey, wrote }: DivideInput): Promise<Keys> {
  const written = async (region: readonly string[]): Promise<KeyText[]> => {
    const keys: KeyText[] = []
    for (const id of region) {
      if (isLaidOver(history, id)) continue
      const { parents } = await complete(() => history.graph.commit(id))
      if (parents.length > 1 || (parents[0] !== undefined && history.buckets(parents[0]) === history.buckets(id)))
        continue
      keys.push(...(await wholeDifference(history, parents[0], id)))
    }
    return keys
  }
  const own = new Set([...wrote, ...(await written(survey.left))])
  return { own, other: new Set(await written(survey.right)), texts: new Map<KeyText, string>() }
}

async function wholeDifference(history: CollectionHistory, from: string | undefined, to: string): Promise<KeyText[]> {
  const [before, after] = [
    from === undefined ? new Map<KeyText, string>() : await recordsOf(history, from),
    await recordsOf(history, to),
  ]
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key))
}

/** The records of a commit in some buckets; default: all. */
export async function recordsOf(
  history: CollectionHistory,
  commit: string,
  wanted?: Iterable<string>,
): Promise<Map<KeyText, RecordText>> {
  await history.readFolders([commit])
  const buckets = history.buckets(commit)
  const blobs = [...(wanted ?? buckets.keys())].flatMap((bucket) => buckets.get(bucket) ?? [])
  await history.readBlobs(blobs)
  return new Map(blobs.flatMap((blob) => [...(history.records(blob) ?? [])]))
}

/** The files that the rule will ask for, in one go. */
async function prefetch(history: CollectionHistory, survey: Survey, keys: ReadonlySet<KeyText>): Promise<void> {
  if (keys.size === 0) return
  const { left, right } = survey.touched
  const buckets = await complete(() => bucketsFor(history, survey.theirs, keys))
  await history.readBlobs([...blobsOf(left, buckets), ...blobsOf(right, buckets)])
}
