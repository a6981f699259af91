/** One collection of two commits merged by the rule over their history: what git's merge driver, `resolve`, and reports of merges ask for. No database. */
import { openGraph, type CommitGraph } from '../../git/graph.ts'
import { complete } from '../../git/lazily.ts'
import type { Collision } from '../../merge/collection.ts'
import { compareBytes, type KeyText, type RecordText } from '../../model/canonical.ts'
import { setRecord } from '../../model/change.ts'
import type { Decision } from '../../model/decision.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { ExportsPlace } from '../committed.ts'
import { openCollectionHistory, type CollectionHistory } from './collection-history.ts'
import { divide, recordsOf, type Division } from './divide.ts'
import { filledBetween } from './filled.ts'
import { survey, type Survey } from './survey.ts'
import type { Touches } from './touched.ts'

/** What merging two commits needs of a source: no database. */
export interface MergePlace extends ExportsPlace {
  rules(collection: string): MergeRules
  folder(collection: string): string
}

export interface CommitPair {
  readonly ours: string
  readonly theirs: string
  /** Shared by the merges of one run. */
  readonly graph?: CommitGraph
}

export interface MergedCommits {
  readonly merged: Map<KeyText, RecordText>
  readonly decisions: readonly Decision[]
  readonly collisions: readonly Collision[]
}

/** Merges one collection of two commits, wholly in memory. @throws SyntaxError when a record is no JSON object */
export async function mergeCommits(place: MergePlace, name: string, pair: CommitPair): Promise<MergedCommits> {
  const { history, view } = await surveyCommits(place, name, pair)
  const merged = await recordsOf(history, pair.ours)
  return mergeInto(merged, await divide({ history, rules: place.rules(name), survey: view, wrote: new Set() }))
}

/** One file of a collection. */
export interface BucketOf {
  readonly bucket: string
  readonly isHere: (key: KeyText) => boolean
  /** Ours. */
  readonly records: ReadonlyMap<KeyText, RecordText>
}

/** The same for the records of one file, whose text on both sides git hands to its merge driver. No other file is looked into, unless the layout changed. */
export async function mergeBucket(place: MergePlace, name: string, at: CommitPair & BucketOf): Promise<MergedCommits> {
  const { history, view } = await surveyCommits(place, name, at)
  const division = await divide({
    history,
    rules: place.rules(name),
    survey: view.isRelaid ? view : narrowed(view, at),
    wrote: new Set(),
  })
  const here = <Value>(all: ReadonlyMap<KeyText, Value>): Map<KeyText, Value> =>
    new Map([...all].filter(([key]) => at.isHere(key)))
  return mergeInto(new Map(at.records), {
    ...division,
    theirs: here(division.theirs),
    contested: here(division.contested),
  })
}

function narrowed(view: Survey, { bucket, isHere }: BucketOf): Survey {
  const only = (touches: Touches): Touches => new Map([...touches].filter(([name]) => name === bucket))
  const doubts = [...view.doubts].map(([merge, keys]) => [merge, new Set([...keys].filter(isHere))] as const)
  const { left, right } = view.touched
  return { ...view, touched: { left: only(left), right: only(right) }, doubts: new Map(doubts) }
}

/** Ours becomes the merge. */
function mergeInto(merged: Map<KeyText, RecordText>, division: Division): MergedCommits {
  for (const [key, text] of [...division.theirs, ...textsOf(division)]) setRecord(merged, key, text)
  return { merged, ...decided(division) }
}

async function surveyCommits(
  place: MergePlace,
  name: string,
  pair: CommitPair,
): Promise<{ readonly history: CollectionHistory; readonly view: Survey }> {
  const { ours, theirs, graph = openGraph(place.repository) } = pair
  const filled = await filledBetween(place, name, { graph, ours, theirs })
  const history = openCollectionHistory({ ...place, collection: name, folder: place.folder(name), graph, filled })
  return { history, view: await survey(history, ours, theirs) }
}

function textsOf({ contested }: Division): [KeyText, RecordText | undefined][] {
  return [...contested].map(([key, outcome]) => [key, outcome.kind === 'merged' ? outcome.text : outcome.kept])
}

/** What had to be decided, by key bytes. */
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

/** What merges on the way to `theirs` decided by hand or by git's text merge, and what they dropped, told once: by whoever takes them in. */
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
