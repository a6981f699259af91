/** What HEAD's exports mean for one live collection: the changes to make, and what had to be decided. Reads git, never the database; writes nothing. */
import { bucketOf } from '../export/layout.ts'
import { unrecorded, type CommitGraph } from '../git/graph.ts'
import { complete } from '../git/lazily.ts'
import { mergeCollection, type Collision } from '../merge/collection.ts'
import { sameContent } from '../merge/versions.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Change } from '../model/change.ts'
import type { Decision } from '../model/decision.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { differingBuckets, readRecords, type CommittedCollection } from './committed.ts'
import { takenOver } from './convergence/accepted.ts'
import { openCollectionHistory, type CollectionHistory, type LiveCommit } from './convergence/collection-history.ts'
import { decided, judgeMerges } from './convergence/commit-merge.ts'
import { divide, recordsOf, type Division } from './convergence/divide.ts'
import { fillingIn, newFields } from './convergence/filled.ts'
import { doubtful, survey, type Survey } from './convergence/survey.ts'
import type { Records } from './live.ts'
import type { Past } from './past.ts'
import { lastWrites } from './record-stamps.ts'
import type { Origin } from './renumbered.ts'
import type { Source } from './source.ts'

/** Two records that took one key: `moved` is live's and gets a new number. */
export interface Rekey {
  readonly key: KeyText
  readonly moved: RecordText
  readonly origin: Origin
}

export interface LiveMerge {
  readonly changes: readonly Change[]
  readonly decisions: readonly Decision[]
  readonly rekeys: readonly Rekey[]
  /** HEAD wrote records that live had edited and no commit has yet. */
  readonly metEdits: boolean
  /** The changes are what the rule makes of both sides, and nothing else. */
  readonly isByRule: boolean
}

/** A past that HEAD's exports can be merged over. */
export type MergeablePast = Extract<Past, { readonly kind: 'new' | 'behind' | 'diverged' }>

export interface LiveMergeInput {
  readonly name: string
  readonly live: Records
  readonly past: MergeablePast
  readonly base: CommittedCollection | undefined
  readonly head: string
  readonly theirs: CommittedCollection | undefined
  /** Who writes here, and what time it is (ms): what live holds and no commit has yet was written by now. */
  readonly writer: Pick<WriterStamp, 'asset' | 'at'>
  readonly graph: CommitGraph
  /** A key is always the identity: two copies of one database join. */
  readonly join?: boolean
  /** A merge whose drops are taken over. */
  readonly accepted?: string | undefined
}

/** Merges HEAD's exports into one live collection: over history where they have a common past, else as a first meeting. */
export async function mergeIntoLive(source: Source, input: LiveMergeInput): Promise<LiveMerge> {
  const { past } = input
  return past.kind === 'new' ? meetFirst(source, input) : mergeOverHistory(source, input, past.base)
}

/** A database and exports that never met have no common past: three-way over nothing, and the records' own times count. */
async function meetFirst(source: Source, input: LiveMergeInput): Promise<LiveMerge> {
  const rules = source.rules(input.name)
  const theirs = await readRecords(source, input.theirs)
  const join = input.join === true
  const place = { range: [input.head], place: source.folder(input.name), key: rules.key }
  const isMet = [...theirs].some(([key, text]) => input.live.has(key) && input.live.get(key) !== text)
  const writes = isMet ? await lastWrites(source.repository, place) : undefined
  const ours = { ...input.writer, since: 0 }
  const merge = mergeCollection({
    base: new Map(),
    ours: input.live,
    theirs,
    rules,
    join,
    stampsOf: (key) => {
      const stamp = writes?.(key) ?? { asset: '', since: 0, at: 1 }
      return { ours, theirs: join ? { ...stamp, since: 0 } : stamp }
    },
  })
  const keys = new Set(merge.collisions.map(({ key }) => key))
  const changes = merge.changes.filter(({ key }) => !keys.has(key))
  const collided = rekeysOf(merge.collisions, { live: input.live, theirs })
  return {
    changes: [...changes, ...collided.changes],
    decisions: merge.decisions,
    rekeys: collided.rekeys,
    metEdits: false,
    isByRule: false,
  }
}

/** Live is one more commit on top of its sync point S. */
async function mergeOverHistory(source: Source, input: LiveMergeInput, base: string): Promise<LiveMerge> {
  const { name, graph } = input
  const rules = source.rules(name)
  // HEAD's files are checked before anything is made of them; older ones merely say nothing where they are damaged
  await readRecords(source, input.theirs, differingBuckets(input.base, input.theirs))
  const live = layOver(graph, input, base)
  const place = { ...pick(source), collection: name, folder: source.folder(name), graph, live }
  const filled = await fillingOf(source, input)
  const history = openCollectionHistory({ ...place, filled })
  const view = await survey(history, live.id, input.head)
  const wrote = await liveEdits(history, rules, { view, live: input.live, head: input.head })
  const divided = await divide({ history, rules, survey: view, wrote })
  const taken = await acceptedIn(history, { view, division: divided, merge: input.accepted })
  const division = withTaken(divided, rules, { live: input.live, taken })
  const judged = await judgeMerges(history, rules, { view, division })
  const { decisions, collisions } = decided(division)
  const keys = new Set(collisions.map(({ key }) => key))
  const collided = rekeysOf(collisions, { live: input.live, theirs: new Map(collisions.map(theirRecord)) })
  return {
    changes: [...changesOf(input.live, rules, division), ...collided.changes],
    decisions: [...judged, ...decisions],
    rekeys: collided.rekeys,
    metEdits: [...wrote].some((key) => division.contested.has(key) && !keys.has(key)),
    isByRule: taken.size === 0 && filled === undefined,
  }
}

/** What the accepted merge left of the records it dropped. */
function acceptedIn(
  history: CollectionHistory,
  at: { readonly view: Survey; readonly division: Division; readonly merge: string | undefined },
): Promise<Map<KeyText, RecordText | undefined>> {
  const { view, division, merge } = at
  const keys = merge === undefined ? [] : (view.doubts.get(merge) ?? [])
  return complete(() =>
    takenOver(keys, {
      content: (key) => history.content(view.theirs, key),
      state: (key) => division.ruleOf(key).state(view.theirs),
    }),
  )
}

/** The division with accepted drops in the place of what the rule gives. */
function withTaken(
  division: Division,
  { collection }: MergeRules,
  at: { readonly live: Records; readonly taken: ReadonlyMap<KeyText, RecordText | undefined> },
): Division {
  const contested = new Map(division.contested)
  for (const [key, text] of at.taken) {
    const decision: Decision = {
      collection,
      key,
      field: undefined,
      kind: 'merge-dropped',
      base: undefined,
      ours: at.live.get(key),
      theirs: text,
      chosen: text,
      rule: 'accepted',
    }
    contested.set(key, { kind: 'merged', text, decisions: [decision] })
  }
  return { ...division, contested }
}

function pick(source: Source): Pick<Source, 'repository' | 'exportsFolder' | 'source'> {
  const { repository, exportsFolder, source: name } = source
  return { repository, exportsFolder, source: name }
}

/** The commit that stands for live; the same for every collection with this sync point. */
function layOver(graph: CommitGraph, { live, writer }: LiveMergeInput, base: string): LiveCommit {
  const id = `live:${base}`
  graph.add(unrecorded({ id, parents: [base], committedAt: writer.at, asset: writer.asset }))
  return { id, records: live, isMeant: true }
}

async function fillingOf(source: Source, input: LiveMergeInput): Promise<ReturnType<typeof fillingIn>> {
  const selection = source.selections.get(input.name)
  const fields = newFields(input.base, [selection, input.theirs])
  if (fields.length === 0 || selection === undefined) return undefined
  const sides = { ours: input.live, theirs: await readRecords(source, input.theirs) }
  return fillingIn(fields, sides, await source.adapter.defaults(selection.schema))
}

/** Keys that live wrote since its sync point, among records that HEAD may have written too. */
async function liveEdits(
  history: CollectionHistory,
  rules: MergeRules,
  at: { readonly view: Survey; readonly live: Records; readonly head: string },
): Promise<Set<KeyText>> {
  const { view, live, head } = at
  const layout = await complete(() => history.layout(head))
  const doubts = doubtful(view)
  const touched = [...view.touched.right.keys()]
  const isNear = (key: KeyText): boolean =>
    view.isRelaid || layout === undefined || view.touched.right.has(bucketOf(key, layout)) || doubts.has(key)
  const before = await recordsOf(history, view.ourCommit, view.isRelaid ? undefined : touched)
  const wrote = new Set<KeyText>()
  for (const key of new Set([...before.keys(), ...live.keys(), ...doubts])) {
    if (!isNear(key)) continue
    // only in doubt can a commit hold something else than its file says; fields filled in later are no edit
    const known = await complete(() => history.content(view.ourCommit, key))
    if (!sameContent(known, live.get(key), rules)) wrote.add(key)
  }
  return wrote
}

/** From live to what it is to hold; a difference in derived fields or field order alone is none. */
function changesOf(live: Records, rules: MergeRules, { theirs, contested }: Division): Change[] {
  const merged = [...contested].flatMap(([key, outcome]) =>
    outcome.kind === 'merged' ? [[key, outcome.text] as const] : [],
  )
  return [...theirs, ...merged].flatMap(([key, after]) => {
    const before = live.get(key)
    return sameContent(before, after, rules) ? [] : [{ key, before, after }]
  })
}

function theirRecord({ key, kept, moved, keptSide }: Collision): [KeyText, RecordText] {
  return [key, keptSide === 'theirs' ? kept : moved]
}

/** HEAD's record keeps the key whoever came first: it is committed. Live's moves. */
function rekeysOf(
  collisions: readonly Collision[],
  sides: { readonly live: Records; readonly theirs: Records },
): { readonly changes: readonly Change[]; readonly rekeys: readonly Rekey[] } {
  const changes: Change[] = []
  const rekeys: Rekey[] = []
  for (const { key, added } of collisions) {
    const [before, after] = [sides.live.get(key), sides.theirs.get(key)]
    if (before === undefined || after === undefined) continue
    changes.push({ key, before, after })
    rekeys.push({ key, moved: before, origin: { record: added.ours.text, asset: added.ours.writer.asset } })
  }
  return { changes, rekeys }
}
