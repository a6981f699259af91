/** For fields that could be references and that nobody declared: what to write into the option `references`. Proposals, for a person to look at; nothing is changed by them. */
import { type RecordText, compareBytes, splitObject } from '../../model/canonical.ts'
import { type FieldUse, type KeyOwners, type LookedAt, fieldUses, keyOwners, mayHold } from './field-use.ts'
import { discriminatorOf, namesCollection, pointsIntoItself, resembles } from './names.ts'
import { plainText } from './referred.ts'

/** What the option `references` takes for one field. */
export type ProposedEntry = string | { readonly by: string; readonly to: Readonly<Record<string, string>> }

/** Collection → field → entry. */
export type Proposals = ReadonlyMap<string, ReadonlyMap<string, ProposedEntry>>

export interface ProposalQuestion {
  readonly collections: readonly LookedAt[]
  /** Fields that could hold keys of these are proposed; what else they could hold is proposed with them. */
  readonly parents: ReadonlySet<string>
  /** In how many records of each collection fields are looked at; default: in all. */
  readonly most?: number
}

/** An entry for every field that could hold keys of the parents. */
export function proposeReferences({ collections, parents, most }: ProposalQuestion): Proposals {
  const owners = keyOwners(collections)
  const found = new Map<string, Map<string, ProposedEntry>>()
  for (const collection of collections.map((each) => firstOf(each, most)))
    for (const use of fieldUses(collection, owners, { wants: () => true })) {
      const by = discriminatorOf(use.field, fieldNames(collection))
      const entry = entryFor(use, { collections, owners, by })
      if (entry === undefined || !concerns(use, { entry, parents })) continue
      const entries = found.get(collection.name) ?? new Map<string, ProposedEntry>()
      found.set(collection.name, entries.set(use.field, entry))
    }
  return found
}

function firstOf(collection: LookedAt, most: number | undefined): LookedAt {
  if (most === undefined || collection.records.size <= most) return collection
  return { ...collection, records: new Map([...collection.records].slice(0, most)) }
}

function concerns(
  use: FieldUse,
  at: { readonly entry: ProposedEntry; readonly parents: ReadonlySet<string> },
): boolean {
  if (typeof at.entry !== 'string') return Object.values(at.entry.to).some((name) => at.parents.has(name))
  return [...at.parents].some((parent) => mayHold(use, parent))
}

interface Around {
  readonly collections: readonly LookedAt[]
  readonly owners: KeyOwners
  /** The field that says which collection is meant. */
  readonly by: string | undefined
}

function entryFor(use: FieldUse, around: Around): ProposedEntry | undefined {
  const { by } = around
  if (by === undefined) return bestTarget(use, around.collections)
  const names = around.collections.map(({ name }) => name)
  const to: Record<string, string> = {}
  for (const [value, records] of groupedBy(use, by)) {
    const [group] = fieldUses(use.collection, around.owners, { wants: (field) => field === use.field, records })
    const meant = meantBy(use.collection, { by, value, collections: around.collections, names })
    to[value] = meant ?? (group === undefined ? undefined : bestTarget(group, around.collections)) ?? 'none'
  }
  return Object.keys(to).length === 0 ? bestTarget(use, around.collections) : { by, to }
}

/** The records that have a value in the field, by the value that says what is meant, sorted by it. */
function groupedBy({ collection, field }: FieldUse, by: string): [value: string, records: RecordText[]][] {
  const groups = new Map<string, RecordText[]>()
  for (const text of collection.records.values()) {
    const record = splitObject(text)
    const value = plainText(record.get(by))
    if (value === undefined || value === 'null' || !record.has(field)) continue
    const group = groups.get(value)
    if (group === undefined) groups.set(value, [text])
    else group.push(text)
  }
  return [...groups].sort(([a], [b]) => compareBytes(a, b))
}

/** The collection that a type beside an id names, by its text or by the record of a table of types that it refers to (Django's content types); undefined where that is not clear. */
export function meantBy(
  collection: LookedAt,
  at: {
    readonly by: string
    readonly value: string
    readonly collections: readonly LookedAt[]
    /** Of all collections of the source. */
    readonly names: readonly string[]
  },
): string | undefined {
  const named = at.names.find((name) => namesCollection(at.value, name))
  if (named !== undefined) return named
  const reference = collection.references.find(({ fields }) => fields.length === 1 && fields[0] === at.by)
  const types = at.collections.find(({ name }) => name === reference?.to)
  const row = types?.records.get(`[${at.value}]`)
  const words = [...(row === undefined ? [] : splitObject(row).values())].flatMap((value) => plainText(value) ?? [])
  // `blog` and `post` together are `blog_post`; alone, `post` could be another program's
  const names = words.flatMap((first) => words.map((second) => `${first}_${second}`.toLowerCase()))
  return at.collections.find(({ name }) => names.includes(name.slice(name.lastIndexOf('.') + 1).toLowerCase()))?.name
}

/** Of the collections whose keys the field could hold the likeliest: called after it, itself where the name says so, the most values, another than itself, the fewest keys. */
function bestTarget(use: FieldUse, collections: readonly LookedAt[]): string | undefined {
  const possible = collections.filter(({ name }) => mayHold(use, name))
  const intoItself = pointsIntoItself(use.field)
  const rank = ({ name, records }: LookedAt): number[] => {
    const isItself = name === use.collection.name
    return [
      resembles(use.field, name) ? 0 : 1,
      isItself === intoItself ? 0 : 1,
      -(use.fits.get(name) ?? 0),
      records.size,
    ]
  }
  const ranked = possible.map((each) => ({ name: each.name, rank: rank(each) }))
  ranked.sort((a, b) => compareRanks(a.rank, b.rank) || compareBytes(a.name, b.name))
  return ranked[0]?.name
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value - (b[i] as number)
  return 0
}

function fieldNames({ records }: LookedAt): Set<string> {
  const names = new Set<string>()
  for (const text of records.values()) for (const name of splitObject(text).keys()) names.add(name)
  return names
}

/** The entries as they stand below `sources.NAME.collections` in the configuration, on one line. */
export function proposalText(proposals: Proposals): string {
  const parts = [...proposals].map(([name, entries]) => {
    const fields = [...entries].map(([field, entry]) => `${JSON.stringify(field)}: ${entryText(entry)}`)
    return `${JSON.stringify(name)}: {"references": {${fields.join(', ')}}}`
  })
  return parts.join(', ')
}

function entryText(entry: ProposedEntry): string {
  if (typeof entry === 'string') return JSON.stringify(entry)
  const to = Object.entries(entry.to).map(([value, name]) => `${JSON.stringify(value)}: ${JSON.stringify(name)}`)
  return `{"by": ${JSON.stringify(entry.by)}, "to": {${to.join(', ')}}}`
}
