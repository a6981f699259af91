/** What HEAD's exports mean for one live collection: the changes to make, and what had to be decided. Reads git, never the database; writes nothing. */
import type { Consent } from '../../model/consent.ts'
import { checkFiles, differingBuckets, readRecords } from '../../exports/committed.ts'
import { cover, recordsAround } from '../../exports/part-records.ts'
import { bucketOf } from '../../format/layout.ts'
import { type CommitGraph, unrecorded } from '../../git/history/graph.ts'
import { complete } from '../../git/history/lazily.ts'
import { takenOver } from '../../history/accepted.ts'
import {
  type CollectionHistory,
  type HistoryPlace,
  type LiveCommit,
  openCollectionHistory,
} from '../../history/collection-history.ts'
import { decided, judgeMerges } from '../../history/commit-merge.ts'
import { type Division, divide, recordsOf } from '../../history/divide.ts'
import { fillingIn, migratedSince, partings } from '../../history/filled.ts'
import { formerBetween } from '../../history/former.ts'
import { type Survey, doubtful, survey } from '../../history/survey.ts'
import { type Origin, lastWrites } from '../../history/writers.ts'
import { type Collision, mergeCollection } from '../../merge/collection.ts'
import { sameContent } from '../../merge/versions.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Layout } from '../../model/collection.ts'
import type { Decision } from '../../model/decision.ts'
import type { Records } from '../../model/records.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'
import type { Source } from '../../source/source.ts'
import type { MergeableCollection } from '../../sync-point/changed-collections.ts'

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

export interface LiveMergeInput {
  readonly changed: MergeableCollection
  readonly live: Records
  /** Keys of `live` whose records are not in the table, because the database refuses them. */
  readonly withheld: ReadonlySet<KeyText>
  readonly head: string
  /** Who writes here, and what time it is (ms): what live holds and no commit has yet was written by now. */
  readonly writer: Pick<WriterStamp, 'asset' | 'at'>
  readonly graph: CommitGraph
  /** At a join a key is always the identity: two copies of one database meet. What an accepted merge dropped stays dropped. */
  readonly consent: Consent
}

/** Merges HEAD's exports into one live collection: over history where they have a common past, else as a first meeting. */
export async function mergeIntoLive(source: Source, input: LiveMergeInput): Promise<LiveMerge> {
  const { past, former, theirs, name } = input.changed
  if (past.kind === 'new') return meetFirst(source, input)
  if (former === undefined || (await isSameTable(source, input))) return mergeOverHistory(source, input, past.base)
  return theirs?.schema.name === name ? meetFirst(source, input) : NO_MERGE
}

const NO_MERGE: LiveMerge = { changes: [], decisions: [], rekeys: [], metEdits: false, isByRule: true }

/** True when live holds most of the records of the table that seems to have been renamed. Else that one was dropped, and another of the same structure made. */
async function isSameTable(source: Source, { changed, live }: LiveMergeInput): Promise<boolean> {
  const known = [...(await readRecords(source, changed.base)).keys()]
  return known.filter((key) => live.has(key)).length * 2 >= known.length
}

/** A database and exports that never met have no common past: three-way over nothing, and the records' own times count. */
async function meetFirst(source: Source, input: LiveMergeInput): Promise<LiveMerge> {
  const { name } = input.changed
  const rules = source.rules(name)
  const theirs = await readRecords(source, input.changed.theirs)
  const join = input.consent.init === 'join'
  const place = { range: [input.head], place: source.folder(name), key: rules.key }
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
  const { changed, graph } = input
  const { name } = changed
  const rules = source.rules(name)
  // HEAD's files are checked before anything is made of them; older ones merely say nothing where they are damaged
  await checkFiles(source, changed.theirs, differingBuckets(changed.base, changed.theirs))
  const migrations = await migrationsOf(source, input, base)
  const { filled, former } = migrations
  const migrated = filled === undefined ? undefined : new Map(input.live)
  const own = migrated ?? input.live
  const live = layOver(graph, { ...input, live: own }, base)
  const place = { ...pick(source), ...migrations, collection: name, folder: source.folder(name), graph, live }
  const history = openCollectionHistory(place)
  const view = await survey(history, live.id, input.head)
  if (migrated !== undefined) await readWithheld(history, migrated, { view, withheld: input.withheld })
  const wrote = await liveEdits(history, rules, { view, live: own, head: input.head })
  const divided = await divide({ history, rules, survey: view, wrote })
  const taken = await acceptedIn(history, { view, division: divided, merge: input.consent.acceptMerge })
  const division = withTaken(divided, rules, { live: input.live, taken })
  const judged = await judgeMerges(history, rules, { view, division })
  const { decisions, collisions } = decided(division)
  const keys = new Set(collisions.map(({ key }) => key))
  const collided = rekeysOf(collisions, { live: input.live, theirs: new Map(collisions.map(theirRecord)) })
  return {
    changes: [...changesOf(input.live, rules, division), ...collided.changes],
    decisions: [...judged, ...decisions],
    rekeys: collided.rekeys,
    // V is made of files that stand where the sync point has them; a renamed table has none there
    metEdits: changed.former === undefined && [...wrote].some((key) => division.contested.has(key) && !keys.has(key)),
    isByRule: taken.size === 0 && filled === undefined && former === undefined,
  }
}

/** No migration of the table reaches a record that is not in it. It is read as the commit is that it came from, or its lack of a new field would look like a NULL that somebody wrote. */
async function readWithheld(
  history: CollectionHistory,
  live: Map<KeyText, RecordText>,
  at: { readonly view: Survey; readonly withheld: ReadonlySet<KeyText> },
): Promise<void> {
  for (const key of at.withheld) {
    const text = live.get(key)
    const known = await complete(() => history.content(at.view.ourCommit, key))
    if (text !== undefined && known !== undefined) live.set(key, known)
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

/** How the history of the collection is read, after what migrations did to it here and there. */
async function migrationsOf(
  source: Source,
  { changed, graph, head, live: records }: LiveMergeInput,
  base: string,
): Promise<Pick<HistoryPlace, 'filled' | 'former'>> {
  const { name, theirs } = changed
  const selection = source.selections.get(name)
  if (selection === undefined || theirs === undefined) return {}
  const commits = await complete(() => [base, ...partings(graph, base, head)])
  const live = { schema: selection.schema, records: () => Promise.resolve(records) }
  const other = { schema: theirs.schema, records: () => readRecords(source, theirs) }
  const at = { commits, sides: [live, other] } as const
  const former =
    changed.former === undefined
      ? await formerBetween(source, name, at)
      : { collection: changed.former, folder: source.folder(changed.former) }
  const migrated = await migratedSince(source, name, { ...at, former: former?.collection })
  if (migrated.fields.size + migrated.types.size + migrated.renames.size === 0) return { former }
  return { former, filled: fillingIn(migrated, await source.adapter.defaults(selection.schema)) }
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
  if (layout !== undefined)
    await cover(
      live,
      [...doubts].map((key) => bucketOf(key, layout)),
    )
  const isNear = (key: KeyText): boolean =>
    view.isRelaid || layout === undefined || view.touched.right.has(bucketOf(key, layout)) || doubts.has(key)
  const changed =
    view.isRelaid || layout === undefined ? undefined : await editedBuckets(history, view, { live, layout })
  const before = await recordsOf(
    history,
    view.ourCommit,
    view.isRelaid ? undefined : (changed?.keys() ?? view.touched.right.keys()),
  )
  const ours = changed === undefined ? live.keys() : [...changed.values()].flatMap((records) => [...records.keys()])
  const wrote = new Set<KeyText>()
  for (const key of new Set([...before.keys(), ...ours, ...doubts])) {
    if (!isNear(key)) continue
    // only in doubt can a commit hold something else than its file says; fields filled in later are no edit
    const known = await complete(() => history.content(view.ourCommit, key))
    if (!sameContent(known, live.get(key), rules)) wrote.add(key)
  }
  return wrote
}

/** The live records of the files that HEAD touched, without the files that still hold just what live does: they need not be parsed. */
async function editedBuckets(
  history: CollectionHistory,
  view: Survey,
  { live, layout }: { readonly live: Records; readonly layout: Layout },
): Promise<Map<string, Map<KeyText, RecordText>>> {
  const buckets = new Map([...view.touched.right.keys()].map((bucket) => [bucket, new Map<KeyText, RecordText>()]))
  for (const [key, text] of await recordsAround(live, buckets.keys()))
    buckets.get(bucketOf(key, layout))?.set(key, text)
  if (history.isMigrated) return buckets
  await history.readFolders([view.ourCommit])
  const blobs = history.buckets(view.ourCommit)
  const blobOf = ([bucket]: readonly [string, unknown]): (string | undefined)[] => [blobs.get(bucket)]
  await history.eachWithBlobs([...buckets], blobOf, ([bucket, records]) => {
    const blob = blobs.get(bucket)
    if (blob !== undefined && history.holds(blob, { bucket, layout, records })) buckets.delete(bucket)
  })
  return buckets
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
