/** Everything that re-keying has to look at, read from git and the database: the colliding collections, all tables that refer to them, and where the lines parted. */
import { referencesFor } from '../../config/references.ts'
import { rulesFor } from '../../config/rules.ts'
import { type MergeReports, reportsBetween } from '../../exports/merge-reports.ts'
import type { Origin, Origins } from '../../history/writers.ts'
import type { Follower, DisplacedRecord, RekeyingWorld, WorldCollection } from '../../merge/rekeying/world.ts'
import type { KeyText } from '../../model/canonical.ts'
import type { CollectionSchema, Reference, Selection } from '../../model/collection.ts'
import type { Records } from '../../model/records.ts'
import { readTables } from '../../source/live.ts'
import type { Source } from '../../source/source.ts'
import type { MergeableCollection } from '../../sync-point/changed-collections.ts'
import type { LiveMerge } from '../incoming/merge-live.ts'
import { type CommitReader, type LineCommits, commitReader, readLine, selectionOf } from './reading.ts'
import { type GivenPlaces, givenAmong, givenPlaces } from './renumbered.ts'

export interface CollisionInput {
  readonly merges: ReadonlyMap<MergeableCollection, LiveMerge>
  /** Collections already read. */
  readonly live: ReadonlyMap<string, Records>
  readonly head: string
  /** This machine. */
  readonly asset: string
  readonly reports: MergeReports
  /** Of the records of a collection. */
  readonly originsOf: (name: string) => Origins
}

/** Declared and configured references of a table of this source. */
export function referencesOf(source: Source, schema: CollectionSchema): readonly Reference[] {
  return referencesFor(source.config, schema, source.description.collections)
}

/** The named collections and every table that refers to them, however far: exported or not, as long as it has a key. It ends: each name is looked at once. */
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

/** Reads what `follow` needs. @throws DamagedError when an export that has to be read is damaged */
export async function collisionWorld(
  source: Source,
  selections: ReadonlyMap<string, Selection>,
  input: CollisionInput,
): Promise<CollisionWorld> {
  const reader = commitReader(source)
  const others = [...selections.values()].filter(({ schema }) => !input.live.has(schema.name))
  const live = new Map([...input.live, ...(await readTables(source, others))])
  const lines: LineCommits[] = []
  const bases = [...input.merges.keys()].map(({ past }) => ('base' in past ? past.base : undefined))
  const reports = await reportsBetween(input.reports, { bases, head: input.head })
  const collections = new Map<string, WorldCollection>()
  const [origins, places] = [new Map<string, Map<KeyText, Origin>>(), new Map<string, GivenPlaces>()]
  for (const [name, { schema }] of selections) {
    const [each, merge] = [...input.merges].find(([moved]) => moved.name === name) ?? []
    const moved: DisplacedRecord[] = []
    const known = new Map<KeyText, Origin>()
    const rules = rulesFor(source.config, schema)
    for (const { key, moved: record, origin } of (rules.serialKey ? merge?.rekeys : undefined) ?? []) {
      const line = lineNumber(lines, await lineOf(reader, { each: each as MergeableCollection, key, head: input.head }))
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

export interface CollisionWorld extends RekeyingWorld {
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

function lineNumber(lines: LineCommits[], line: LineCommits): number {
  const at = lines.findIndex(({ base, theirs }) => base === line.base && theirs === line.theirs)
  return at < 0 ? lines.push(line) - 1 : at
}

/** On which line the other record came: on HEAD's since the sync point, or, where the sync point holds live's record already, on the line that a merge took in. */
async function lineOf(
  reader: CommitReader,
  { each, key, head }: { readonly each: MergeableCollection; readonly key: KeyText; readonly head: string },
): Promise<LineCommits> {
  const { past, name } = each
  if (past.kind === 'new') return { base: undefined, theirs: head }
  if ((await reader(past.base, name)).has(key))
    for (const { fork, theirs } of past.junctions)
      if (!(await reader(fork, name)).has(key) && (await reader(theirs, name)).has(key)) return { base: fork, theirs }
  return { base: past.kind === 'diverged' ? past.fork : past.base, theirs: head }
}
