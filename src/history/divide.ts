/** Divides the changed records of a collection into those that only theirs wrote, which are taken over, and those that both sides wrote, which are merged by the rule. */
import { complete } from '../git/history/lazily.ts'
import { type Convergence, convergence } from '../merge/history/convergence.ts'
import type { RecordOutcome } from '../merge/history/sides.ts'
import { type KeyText, type RecordText, compareBytes } from '../model/canonical.ts'
import { once } from '../model/once.ts'
import type { MergeRules } from '../model/rules.ts'
import type { CollectionHistory } from './collection-history.ts'
import { type Survey, doubtful, isLaidOver } from './survey.ts'
import { type Touches, blobsOf, bucketsFor, keysTouched } from './touched.ts'

export interface Division {
  /** The records that only theirs wrote, as theirs has them; undefined: deleted. */
  readonly theirs: ReadonlyMap<KeyText, RecordText | undefined>
  /** The merged records that both sides wrote, or that are in doubt about some merge (doubts.ts), sorted by key bytes. */
  readonly contested: ReadonlyMap<KeyText, RecordOutcome>
  /** The merge rule for one record. It has to be called inside `complete`. */
  readonly ruleOf: (key: KeyText) => Convergence
}

export interface DivideInput {
  readonly history: CollectionHistory
  readonly rules: MergeRules
  readonly survey: Survey
  /** Keys of live edits that no commit has yet; empty when both sides are commits. */
  readonly wrote: ReadonlySet<KeyText>
}

/** Divides the records of a collection. @throws SyntaxError when a record is no JSON object */
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
  /** Keys that ours wrote, at least in the files that theirs changed. */
  readonly own: ReadonlySet<KeyText>
  /** Keys that theirs wrote. */
  readonly other: ReadonlySet<KeyText>
  /** Their records under some of these keys, as far as they were read anyway; undefined: deleted. */
  readonly texts: ReadonlyMap<KeyText, RecordText | undefined>
}

/** The written keys when the layout did not change. A file that only theirs changed is compared between the two ends; for one that both changed, the commits' writes are read. */
async function keysByFile({ history, survey, wrote }: DivideInput): Promise<Keys> {
  const { left, right } = survey.touched
  const { ourCommit, theirs } = survey
  const live = await complete(() => bucketsFor(history, theirs, wrote))
  const isShared = (bucket: string): boolean => left.has(bucket) || live.has(bucket)
  const buckets = [...right.keys()]
  const shared = buckets.filter(isShared)
  const blobAt = (commit: string, bucket: string): string | undefined => history.buckets(commit).get(bucket)
  const endsOf = (bucket: string): (string | undefined)[] => [blobAt(ourCommit, bucket), blobAt(theirs, bucket)]
  // records of these files are asked for again; of the others, all that is needed is what differs
  const lasting = new Set(history.isMigrated ? buckets : shared)
  await history.readBlobs([...[...lasting].flatMap(endsOf), ...blobsOf(left, shared), ...blobsOf(right, lasting)])
  // what a migration changed is told by the content at its parents, whose files may not be read yet
  const keysIn = (touches: Touches, bucket: string): Promise<Set<KeyText>> =>
    complete(() => keysTouched(history, touches, bucket))
  const own = new Set(wrote)
  for (const bucket of shared) for (const key of await keysIn(left, bucket)) own.add(key)
  const texts = new Map<KeyText, RecordText | undefined>()
  const other = new Set<KeyText>()
  const take = async (bucket: string): Promise<void> => {
    const [before, after] = endsOf(bucket)
    if (isShared(bucket)) for (const key of await keysIn(right, bucket)) other.add(key)
    else if (before !== after) {
      for (const [key, text] of history.difference(before, after)) {
        other.add(key)
        if (after !== undefined && !history.isMigrated) texts.set(key, text)
      }
    }
    // a NULL in place of a default is written although the line is the same
    if (!isShared(bucket) && (right.get(bucket) ?? []).some(([, , commit]) => commit !== undefined))
      for (const key of await keysIn(right, bucket)) other.add(key)
  }
  for (const bucket of lasting) await take(bucket)
  const others = buckets.filter((bucket) => !lasting.has(bucket))
  await history.eachWithBlobs(others, endsOf, take)
  return { own, other, texts }
}

/** The written keys when the layout changed: a record may be in any file, so each commit is compared with its parent as a whole. */
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

/** The records of a commit in some buckets (default: all). A damaged file counts as empty. */
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

/** Reads in one batch the files that the rule will ask for. */
async function prefetch(history: CollectionHistory, survey: Survey, keys: ReadonlySet<KeyText>): Promise<void> {
  if (keys.size === 0) return
  const { left, right } = survey.touched
  const buckets = await complete(() => bucketsFor(history, survey.theirs, keys))
  await history.readBlobs([...blobsOf(left, buckets), ...blobsOf(right, buckets)])
}
