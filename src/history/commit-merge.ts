/** Merges one collection of two commits by the rule over their history, without a database. Used by git's merge driver, `tandem resolve`, and merge reports. */
import { type CommitGraph, openGraph } from '../git/history/graph.ts'
import { complete } from '../git/history/lazily.ts'
import type { Collision } from '../merge/collection.ts'
import { type KeyText, type RecordText, compareBytes } from '../model/canonical.ts'
import { setRecord } from '../model/change.ts'
import type { Decision } from '../model/decision.ts'
import { once } from '../model/once.ts'
import type { MergeRules } from '../model/rules.ts'
import type { ExportsPlace } from '../source/source.ts'
import { type CollectionHistory, type HistoryPlace, openCollectionHistory } from './collection-history.ts'
import { type Division, divide, recordsOf } from './divide.ts'
import { migrationsBetween } from './filled.ts'
import { type Survey, survey } from './survey.ts'
import { type Touches, blobsOf } from './touched.ts'

/** The parts of a source that merging two commits needs. */
export interface MergePlace extends ExportsPlace {
  rules(collection: string): MergeRules
  folder(collection: string): string
}

/** The two commits to merge. */
export interface CommitPair {
  readonly ours: string
  readonly theirs: string
  /** The commit graph, if the caller has one to share between the merges of a run. */
  readonly graph?: CommitGraph
  /** The collection's name and folder at the commit that has it under another one. Where both have it under its own, it is looked for. */
  readonly former?: HistoryPlace['former']
}

export interface MergedCommits {
  readonly merged: Map<KeyText, RecordText>
  readonly decisions: readonly Decision[]
  readonly collisions: readonly Collision[]
}

/** Merges one whole collection of two commits in memory. @throws SyntaxError when a record is no JSON object */
export async function mergeCommits(place: MergePlace, name: string, pair: CommitPair): Promise<MergedCommits> {
  const { history, view } = await surveyCommits(place, name, pair)
  const merged = await asMigrated(history, pair.ours, await recordsOf(history, pair.ours))
  return mergeInto(merged, await divide({ history, rules: place.rules(name), survey: view, wrote: new Set() }))
}

/** What the merge of one collection of two commits has to decide; its records are not put together. @throws SyntaxError when a record is no JSON object */
export async function decisionsOfMerge(
  place: MergePlace,
  name: string,
  pair: CommitPair,
): Promise<readonly Decision[]> {
  const { history, view } = await surveyCommits(place, name, pair)
  return decided(await divide({ history, rules: place.rules(name), survey: view, wrote: new Set() })).decisions
}

/** One records file of a collection. `isHere` is true for keys that belong into it. */
export interface BucketOf {
  readonly bucket: string
  readonly isHere: (key: KeyText) => boolean
  /** Our side's records of the file. */
  readonly records: ReadonlyMap<KeyText, RecordText>
}

/** Merges the records files of one collection of two commits, one by one. What history says of the whole collection is read once. */
export interface BucketMerges {
  /** Reads in one batch what merging these buckets will ask for. Without it, each merge reads for itself. */
  readAhead(buckets: readonly string[]): Promise<void>
  /** Like `mergeCommits`, for the records of one file, as git's merge driver gets it. Other files are read only if the layout changed. @throws SyntaxError when a record is no JSON object */
  merge(at: BucketOf): Promise<MergedCommits>
}

/** Opens the merges of the files of one collection. */
export async function openBucketMerges(place: MergePlace, name: string, pair: CommitPair): Promise<BucketMerges> {
  const { history, view } = await surveyCommits(place, name, pair)
  const dividing = (within: Survey): Promise<Division> =>
    divide({ history, rules: place.rules(name), survey: within, wrote: new Set() })
  const whole = once((within: Survey) => dividing(within))
  return {
    readAhead: async (buckets) => {
      if (view.isRelaid) return
      const ends = [view.ourCommit, view.theirs].map((commit) => history.buckets(commit))
      const { left, right } = view.touched
      const touched = [...blobsOf(left, buckets), ...blobsOf(right, buckets)]
      await history.readBlobs([...buckets.flatMap((bucket) => ends.map((files) => files.get(bucket))), ...touched])
    },
    merge: async (at) => {
      const division = await (view.isRelaid ? whole(view) : dividing(narrowed(view, at)))
      const here = <Value>(all: ReadonlyMap<KeyText, Value>): Map<KeyText, Value> =>
        new Map([...all].filter(([key]) => at.isHere(key)))
      return mergeInto(await asMigrated(history, pair.ours, at.records), {
        ...division,
        theirs: here(division.theirs),
        contested: here(division.contested),
      })
    },
  }
}

/** Our records as they are read after the migrations of both sides: those that their side leaves alone have to stand in the form that the merged structure declares. */
function asMigrated(
  history: CollectionHistory,
  commit: string,
  records: ReadonlyMap<KeyText, RecordText>,
): Promise<Map<KeyText, RecordText>> {
  if (!history.isMigrated) return Promise.resolve(new Map(records))
  return complete(() => new Map([...records].map(([key, text]) => [key, history.content(commit, key) ?? text])))
}

/** The survey restricted to one file. */
function narrowed(view: Survey, { bucket, isHere }: BucketOf): Survey {
  const only = (touches: Touches): Touches => new Map([...touches].filter(([name]) => name === bucket))
  const doubts = [...view.doubts].map(([merge, keys]) => [merge, new Set([...keys].filter(isHere))] as const)
  const { left, right } = view.touched
  return { ...view, touched: { left: only(left), right: only(right) }, doubts: new Map(doubts) }
}

/** Changes `merged`, which holds our records, into the result of the merge. */
function mergeInto(merged: Map<KeyText, RecordText>, division: Division): MergedCommits {
  for (const [key, text] of [...division.theirs, ...textsOf(division)]) setRecord(merged, key, text)
  return { merged, ...decided(division) }
}

async function surveyCommits(
  place: MergePlace,
  name: string,
  pair: CommitPair,
): Promise<{ readonly history: CollectionHistory; readonly view: Survey }> {
  const { ours, theirs, former, graph = openGraph(place.repository) } = pair
  const migrations = await migrationsBetween(place, name, { graph, ours, theirs, former })
  const history = openCollectionHistory({
    ...place,
    ...migrations,
    collection: name,
    folder: place.folder(name),
    graph,
  })
  return { history, view: await survey(history, ours, theirs) }
}

function textsOf({ contested }: Division): [KeyText, RecordText | undefined][] {
  return [...contested].map(([key, outcome]) => [key, outcome.kind === 'merged' ? outcome.text : outcome.kept])
}

/** The decisions and collisions of a division, sorted by key bytes. */
export function decided({ contested }: Division): Pick<MergedCommits, 'decisions' | 'collisions'> {
  const decisions: Decision[] = []
  const collisions: Collision[] = []
  for (const [key, outcome] of contested) {
    if (outcome.kind === 'merged') decisions.push(...outcome.decisions)
    else {
      decisions.push(outcome.decision)
      const { kept, moved, keptSide, added } = outcome
      collisions.push({ key, kept, moved, keptSide, added })
    }
  }
  return { decisions, collisions }
}

/**
 * The decisions about merge commits that only `theirs` has: records that a person or git's text merge decided otherwise than the rule, and records that a merge dropped. Only
 * commits that are new to `ours` are looked at, so each merge is reported once on each line of history.
 */
export async function judgeMerges(
  history: CollectionHistory,
  rules: MergeRules,
  found: { readonly view: Survey; readonly division: Division },
): Promise<Decision[]> {
  const decisions: Decision[] = []
  for (const merge of found.view.right)
    for (const key of [...(found.view.doubts.get(merge) ?? [])].sort(compareBytes)) {
      const decision = await complete(() => judge(history, rules, { merge, key, rule: found.division.ruleOf(key) }))
      if (decision !== undefined) decisions.push(decision)
    }
  return decisions
}

/** The decision about one record in one merge commit; undefined when there is none or it was there before the merge. */
function judge(
  history: CollectionHistory,
  { collection }: MergeRules,
  at: { readonly merge: string; readonly key: KeyText; readonly rule: ReturnType<Division['ruleOf']> },
): Decision | undefined {
  const { merge, key, rule } = at
  const [p, q] = history.graph.commit(merge).parents as readonly [string, string]
  const content = history.content(merge, key)
  const event = rule.event(merge)
  const sides = { collection, key, field: undefined, ours: rule.state(p), theirs: rule.state(q) }
  if (event !== undefined)
    return { ...sides, kind: 'hand-resolved', base: event.before, chosen: event.after, rule: 'decided' }
  const state = rule.state(merge)
  const isOld = [p, q].some((parent) => rule.state(parent) === state && history.content(parent, key) === content)
  if (state === content || isOld) return undefined
  return { ...sides, kind: 'merge-dropped', base: content, chosen: state, rule: 'keep' }
}
