/**
 * What migrations did to the fields of a collection since two sides parted: fields added, renamed, or of another type. What a migration wrote into existing records is nobody's edit, so
 * commits before it are read as if they had been migrated already: also those of a side that has not migrated yet, while it meets one that has.
 */
import { readCommitted, readRecords } from '../exports/committed.ts'
import type { CommitGraph } from '../git/history/graph.ts'
import { complete } from '../git/history/lazily.ts'
import { type DeclaringSides, type FilledField, filledFields } from '../merge/new-fields.ts'
import { renamedFields } from '../merge/renamed-fields.ts'
import { inType } from '../merge/values/retyped.ts'
import { type RecordText, type ValueText, sortedObjectText, splitObject } from '../model/canonical.ts'
import type { CollectionSchema } from '../model/collection.ts'
import { DamagedError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'
import type { ExportsPlace } from '../source/source.ts'
import type { HistoryPlace } from './collection-history.ts'
import { copiesIn } from './copied.ts'
import { type MigratingSide, formerBetween } from './former.ts'

type Schemaed = { readonly schema: CollectionSchema } | undefined

/** The fields that both sides declare and the base does not; empty without a base. */
export function newFields(base: Schemaed, sides: readonly Schemaed[]): string[] {
  if (base === undefined) return []
  const [known, first, second] = [namesOf(base), namesOf(sides[0]), namesOf(sides[1])]
  return [...first].filter((name) => second.has(name) && !known.has(name))
}

function namesOf(side: Schemaed): Set<string> {
  return new Set(side?.schema.fields.map(({ name }) => name))
}

/** What migrations did to a collection since two sides parted. */
export interface Migrated {
  /** New fields, with the records of the sides that declare them. */
  readonly fields: DeclaringSides
  /** Field → its new type, where its type changed. */
  readonly types: ReadonlyMap<string, string>
  /** Old name → new name of the fields that were renamed. */
  readonly renames: ReadonlyMap<string, string>
}

/** The types that fields have now and did not have at the base; a field whose type both sides changed in different ways is left out. */
function newTypes(base: Schemaed, [first, second]: readonly Schemaed[]): [string, string][] {
  const types = (side: Schemaed): Map<string, string> =>
    new Map(side?.schema.fields.map(({ name, type }) => [name, type]))
  const [one, other] = [types(first), types(second)]
  return [...types(base)].flatMap(([name, before]): [string, string][] => {
    const changed = new Set([one.get(name) ?? before, other.get(name) ?? before].filter((type) => type !== before))
    return changed.size === 1 ? [[name, [...changed][0] as string]] : []
  })
}

/** The function that reads a record of an earlier commit as if it had been migrated. undefined when no migration changed the fields. @param defaults those that this machine's database states */
export function fillingIn(
  { fields, types, renames }: Migrated,
  defaults?: ReadonlyMap<string, ValueText>,
): HistoryPlace['filled'] {
  const filled = fields.size === 0 ? [] : filledFields(fields, defaults)
  if (filled.length + types.size + renames.size === 0) return undefined
  return (text, schema) => {
    const known = new Map(schema.fields.map(({ name, type }) => [renames.get(name) ?? name, type]))
    // where a field is required, its lack is no NULL: the record was added before the migration and waits in quarantine
    const required = new Set(schema.fields.filter((field) => field.required === true).map(({ name }) => name))
    const missing = filled.filter(([name]) => !known.has(name) || required.has(name))
    return migrate(text, { missing, types, renames }, known)
  }
}

/** A record of a commit whose fields had the types `known`, as if it had been migrated then. A line that git's text merge took from the unmigrated side has the old names still. */
function migrate(
  text: RecordText,
  { missing, types, renames }: Omit<Migrated, 'fields'> & { readonly missing: readonly FilledField[] },
  known: ReadonlyMap<string, string>,
): RecordText {
  const retyped = [...types].filter(([name, to]) => known.has(name) && known.get(name) !== to)
  if (missing.length + retyped.length + renames.size === 0) return text
  const fields = new Map(splitObject(text))
  for (const [from, to] of renames) {
    const value = fields.get(from)
    if (value !== undefined && !fields.has(to)) fields.set(to, value)
    fields.delete(from)
  }
  for (const [name, to] of retyped) {
    const value = fields.get(name)
    if (value !== undefined) fields.set(name, inType(value, { from: known.get(name) as string, to }))
  }
  for (const [name, value] of missing) if (!fields.has(name)) fields.set(name, value)
  return sortedObjectText(fields)
}

/**
 * The commits at which what two commits hold parted: their own merge bases, the newest commit of which both have a copy, and those of the merges since, because what such a merge
 * decided is looked into as well. Ask it inside `complete`.
 */
export function partings(graph: CommitGraph, ours: string, theirs: string): string[] {
  const region = [...graph.region([ours], [theirs]), ...graph.region([theirs], [ours])]
  const merges = region.map((id) => graph.commit(id).parents).filter((parents) => parents.length === 2)
  const pairs = [[ours, theirs], ...merges] as [string, string][]
  return [...new Set(pairs.flatMap(([p, q]) => [...graph.bases(p, q), ...newestCopied(graph, p, q)]))]
}

/** The newest commit that one side has as the other's copy (amended, rebased): up to there both have one past, whatever their merge base. */
function newestCopied(graph: CommitGraph, ours: string, theirs: string): string[] {
  return [...copiesIn(graph)(ours, theirs).keys()].slice(0, 1)
}

/** What migrations did to a collection since these commits, on the two sides. */
export async function migratedSince(
  place: ExportsPlace,
  name: string,
  at: {
    readonly commits: readonly string[]
    readonly sides: readonly [MigratingSide, MigratingSide]
    /** The collection's name before it was renamed. */
    readonly former?: string | undefined
  },
): Promise<Migrated> {
  const types = new Map<string, string>()
  const renames = new Map<string, string>()
  const fields = new Set<string>()
  const known = new Set<string>()
  for (const commit of at.commits) {
    const committed = await readCommitted(place, commit)
    const base = committed.get(name) ?? committed.get(at.former ?? name)
    if (base === undefined) continue
    for (const field of namesOf(base)) known.add(field)
    for (const side of at.sides) for (const field of namesOf(side)) if (!namesOf(base).has(field)) fields.add(field)
    for (const [field, type] of newTypes(base, at.sides)) types.set(field, type)
    const side = { schema: base.schema, records: () => readRecords(place, base) }
    for (const [from, to] of await renamesSince(side, at.sides)) renames.set(from, to)
  }
  const targets = new Set(renames.values())
  const declaring: [string, readonly Records[]][] = []
  for (const field of [...fields].sort()) {
    const sides = at.sides.flatMap((side) => (side !== undefined && namesOf(side).has(field) ? [side] : []))
    // a field that one side lacks although both had it was dropped there
    if (targets.has(field) || (sides.length === 1 && known.has(field))) continue
    declaring.push([field, await Promise.all(sides.map((side) => side.records()))])
  }
  return { fields: new Map(declaring), types, renames }
}

/** The fields renamed since a common past, by one side or by both. A field to which the sides gave different names is left out, as is one that both sides declare still. */
async function renamesSince(
  base: NonNullable<MigratingSide>,
  sides: readonly MigratingSide[],
): Promise<Map<string, string>> {
  const renames = new Map<string, string>()
  const contradicted = new Set<string>()
  for (const side of sides) {
    if (side === undefined || !isRenamedPossibly(base, side)) continue
    const before = { schema: base.schema, records: await readableRecords(base) }
    for (const [from, to] of renamedFields(before, { schema: side.schema, records: await side.records() })) {
      if ((renames.get(from) ?? to) !== to) contradicted.add(from)
      renames.set(from, to)
    }
  }
  for (const from of contradicted) renames.delete(from)
  return renames
}

/** A damaged file of an old commit says nothing; HEAD's files are checked where they are read. */
async function readableRecords(side: NonNullable<MigratingSide>): Promise<Records> {
  try {
    return await side.records()
  } catch (error) {
    if (error instanceof DamagedError) return new Map()
    throw error
  }
}

/** Answers without a look at the records, of which there may be many. */
function isRenamedPossibly(base: Schemaed, side: Schemaed): boolean {
  const [before, after] = [namesOf(base), namesOf(side)]
  return [...before].some((name) => !after.has(name)) && [...after].some((name) => !before.has(name))
}

/** The two commits between which a history is read. `former`: the collection's name and folder where only one of them has it renamed; else it is looked for. */
interface CommitsRead extends Pick<HistoryPlace, 'former'> {
  readonly graph: CommitGraph
  readonly ours: string
  readonly theirs: string
}

/** How the history of a collection is read between two commits, after what migrations did on the way. @throws DamagedError when one of the commits has a damaged file */
export async function migrationsBetween(
  place: ExportsPlace,
  name: string,
  at: CommitsRead,
): Promise<Pick<HistoryPlace, 'filled' | 'former'>> {
  const { graph, ours, theirs } = at
  const commits = await complete(() => partings(graph, ours, theirs))
  const names = [name, ...(at.former === undefined ? [] : [at.former.collection])]
  const sides = [await sideAt(place, names, ours), await sideAt(place, names, theirs)] as const
  const former = at.former ?? (await formerBetween(place, name, { commits, sides }))
  const migrated = await migratedSince(place, name, { commits, sides, former: former?.collection })
  return { filled: fillingIn(migrated), former }
}

/** The collection under the first of these names that the commit has. */
async function sideAt(place: ExportsPlace, names: readonly string[], commit: string): Promise<MigratingSide> {
  const all = await readCommitted(place, commit)
  const committed = names.map((name) => all.get(name)).find((each) => each !== undefined)
  if (committed === undefined) return undefined
  return { schema: committed.schema, records: () => readRecords(place, committed) }
}
