/** Everything that re-keying has to look at, read from git and the database: the colliding collections, all tables that refer to them, and where the lines parted. */
import { knownReferences, referencesFor } from '../config/references.ts'
import { rulesFor, selectionFor } from '../config/rules.ts'
import { namesKeyOf, type SuspectCollection } from '../merge/rekeying/suspects.ts'
import type { Follower } from '../merge/rekeying/following.ts'
import type { Line, MovedRecord, World, WorldCollection } from '../merge/rekeying/world.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { CollectionSchema, Reference, Selection } from '../model/collection.ts'
import { once } from '../model/once.ts'
import { readCommitted, readRecords } from './committed.ts'
import type { Records } from './live.ts'
import type { LiveMerge } from './merge-live.ts'
import type { Moved } from './moved.ts'
import { allNews, type News } from './news.ts'
import type { Origins } from './convergence/origin.ts'
import { givenAmong, givenPlaces, type GivenPlaces, type Origin } from './renumbered.ts'
import type { Source } from './source.ts'

export interface CollisionInput {
  readonly merges: ReadonlyMap<Moved, LiveMerge>
  /** Collections already read. */
  readonly live: ReadonlyMap<string, Records>
  readonly head: string
  /** This machine. */
  readonly asset: string
  readonly news: News
  /** Of the records of a collection. */
  readonly originsOf: (name: string) => Origins
}

/** Declared and configured references of a table of this source. */
export function referencesOf(source: Source, schema: CollectionSchema): readonly Reference[] {
  return referencesFor(source.config, schema, source.description.collections)
}

/** The named collections and every table that refers to them, however far: exported or not, as long as it has a key. */
export function selectionsAround(source: Source, names: readonly string[]): ReadonlyMap<string, Selection> {
  const around = new Map<string, Selection>()
  const queue = new Set(names)
  for (const name of queue) {
    const schema = source.description.collections.find((each) => each.name === name)
    if (schema === undefined) continue
    const selection = selectionOf(source, schema)
    if (selection.schema.key.length > 0) around.set(name, selection)
    for (const child of source.description.collections)
      if (referencesOf(source, child).some(({ to }) => to === name)) queue.add(child.name)
  }
  return around
}

function selectionOf(source: Source, schema: CollectionSchema): Selection {
  return source.selections.get(schema.name) ?? selectionFor(source.config, schema)
}

/** Reads what `follow` needs. @throws DamagedError when an export that has to be read is damaged */
export async function collisionWorld(
  source: Source,
  selections: ReadonlyMap<string, Selection>,
  input: CollisionInput,
): Promise<CollisionWorld> {
  const reader = commitReader(source)
  const others = [...selections.values()].filter(({ schema }) => !input.live.has(schema.name))
  const live = new Map([...input.live, ...(await readLiveOf(source, others))])
  const lines: LineCommits[] = []
  const bases = [...input.merges.keys()].map(({ past }) => ('base' in past ? past.base : undefined))
  const reports = await allNews(input.news, { bases, head: input.head })
  const collections = new Map<string, WorldCollection>()
  const [origins, places] = [new Map<string, Map<KeyText, Origin>>(), new Map<string, GivenPlaces>()]
  for (const [name, { schema }] of selections) {
    const [each, merge] = [...input.merges].find(([moved]) => moved.name === name) ?? []
    const moved: MovedRecord[] = []
    const known = new Map<KeyText, Origin>()
    const rules = rulesFor(source.config, schema)
    for (const { key, moved: record, origin } of (rules.serialKey ? merge?.rekeys : undefined) ?? []) {
      const line = lineNumber(lines, await lineOf(reader, { each: each as Moved, key, head: input.head }))
      moved.push({ key, record, line })
      known.set(key, origin)
    }
    const head = await reader(input.head, name)
    const givenOf = await givenPlaces(
      source,
      { name, records: head, at: { commit: input.head, originOf: input.originsOf(name) } },
      reports,
    )
    origins.set(name, known)
    places.set(name, givenOf)
    collections.set(name, {
      rules,
      references: referencesOf(source, schema),
      live: live.get(name) as Records,
      head,
      changes: new Map(merge?.changes.map((change) => [change.key, change])),
      moved,
      given: givenAmong(known, givenOf),
    })
  }
  const names = new Set(selections.keys())
  return {
    collections,
    lines: await Promise.all(lines.map((line) => readLine(reader, line, names))),
    commits: lines,
    origins,
    places,
  }
}

export interface CollisionWorld extends World {
  /** The commits of the lines, by position. */
  readonly commits: readonly LineCommits[]
  /** Of live's records that lose their key, by collection. */
  readonly origins: ReadonlyMap<string, ReadonlyMap<KeyText, Origin>>
  readonly places: ReadonlyMap<string, GivenPlaces>
}

/** Rows that only look like the other side's were found by following: where they came from, and whether another machine moved them already. */
export async function withLookAlikes(
  world: CollisionWorld,
  found: { readonly input: CollisionInput; readonly followers: readonly Follower[] },
): Promise<CollisionWorld> {
  const { input, followers } = found
  const origins = new Map([...world.origins].map(([name, known]) => [name, new Map(known)]))
  for (const { collection, key, record, splits } of followers) {
    const known = origins.get(collection)
    if (!splits || known === undefined || known.has(key)) continue
    const [moved] = [...input.merges.keys()].filter(({ name }) => name === collection)
    const base = moved === undefined ? input.head : 'base' in moved.past ? moved.past.base : undefined
    const added = base === undefined ? undefined : await input.originsOf(collection)(base, key)
    known.set(key, { record: added?.text ?? record, asset: added?.writer.asset ?? input.asset })
  }
  const collections = new Map(
    [...world.collections].map(([name, each]) => {
      const givenOf = world.places.get(name)
      const known = origins.get(name)
      return [name, givenOf && known ? { ...each, given: givenAmong(known, givenOf) } : each]
    }),
  )
  return { ...world, origins, collections }
}

/** Reads tables that may refer to these collections in ways that nobody declared, and what the other lines hold of them. */
export async function suspectWorld(
  source: Source,
  world: CollisionWorld,
  names: ReadonlySet<string>,
): Promise<{ readonly collections: readonly SuspectCollection[]; readonly lines: readonly Line[] }> {
  const schemas = source.description.collections.filter(
    (schema) => schema.key.length > 0 && (world.collections.has(schema.name) || isSuspect(schema, names)),
  )
  const selections = schemas.map((schema) => selectionOf(source, schema))
  const others = selections.filter(({ schema }) => !world.collections.has(schema.name))
  const live = await readLiveOf(source, others)
  const reader = commitReader(source)
  const all = new Set(schemas.map(({ name }) => name))
  return {
    collections: selections.map(({ schema }) => ({
      name: schema.name,
      live: (world.collections.get(schema.name)?.live ?? live.get(schema.name)) as Records,
      known: new Set([
        ...knownReferences(source.config, schema.name),
        ...schema.references.flatMap(({ fields }) => fields),
      ]),
    })),
    lines: await Promise.all(world.commits.map((line) => readLine(reader, line, all))),
  }
}

function isSuspect({ fields }: CollectionSchema, names: ReadonlySet<string>): boolean {
  return fields.some(
    ({ name, type }) =>
      /^jsonb?$/.test(type) || /_type$|Type$/.test(name) || [...names].some((to) => namesKeyOf(name, to)),
  )
}

/** Records of a collection at a commit, each read once. */
type CommitReader = (commit: string | undefined, name: string) => Promise<Records>

function commitReader(source: Source): CommitReader {
  const collectionsAt = once((commit: string | undefined) => {
    const committed = readCommitted(source, commit)
    return once(async (name: string) => readRecords(source, (await committed).get(name)))
  })
  return (commit, name) => collectionsAt(commit)(name)
}

async function readLiveOf(source: Source, selections: readonly Selection[]): Promise<ReadonlyMap<string, Records>> {
  if (selections.length === 0) return new Map()
  return source.adapter.snapshot(async (snapshot) => {
    const collections = new Map<string, Records>()
    for (const selection of selections) {
      const records = new Map<KeyText, RecordText>()
      for await (const batch of snapshot.records(selection)) for (const { key, text } of batch) records.set(key, text)
      collections.set(selection.schema.name, records)
    }
    return collections
  })
}

export interface LineCommits {
  readonly base: string | undefined
  readonly theirs: string
}

function lineNumber(lines: LineCommits[], line: LineCommits): number {
  const at = lines.findIndex(({ base, theirs }) => base === line.base && theirs === line.theirs)
  return at < 0 ? lines.push(line) - 1 : at
}

/** On which line the other record came: on HEAD's since the sync point, or, where the sync point holds live's record already, on the line that a merge took in. */
async function lineOf(
  reader: CommitReader,
  { each, key, head }: { readonly each: Moved; readonly key: KeyText; readonly head: string },
): Promise<LineCommits> {
  const { past, name } = each
  if (past.kind === 'new') return { base: undefined, theirs: head }
  if ((await reader(past.base, name)).has(key))
    for (const { fork, theirs } of past.junctions)
      if (!(await reader(fork, name)).has(key) && (await reader(theirs, name)).has(key)) return { base: fork, theirs }
  return { base: past.kind === 'diverged' ? past.fork : past.base, theirs: head }
}

async function readLine(reader: CommitReader, line: LineCommits, names: ReadonlySet<string>): Promise<Line> {
  const read = async (commit: string | undefined): Promise<ReadonlyMap<string, Records>> => {
    const records = new Map<string, Records>()
    for (const name of names) records.set(name, await reader(commit, name))
    return records
  }
  return { base: await read(line.base), theirs: await read(line.theirs) }
}
