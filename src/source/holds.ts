/** Held collections: why a collection is neither exported nor applied, which others are held with it because of foreign keys, and since when. Collections that are not tied to a held one go on. */
import { referencesFor } from '../config/references.ts'
import type { Selection } from '../model/collection.ts'
import { type Memory, memory } from '../workspace/memory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Source } from './source.ts'

/** Why a collection that the exports have takes no part here; undefined when it is excluded, so that nobody has to be told. */
export function absentReason(source: Source, name: string): string | undefined {
  const left = source.leftOut.find((each) => each.name === name)
  if (left === undefined) return missingReason(source, name)
  return left.isHeld === true ? left.reason : undefined
}

/** The reason for holding a collection that the exports have and the database does not. */
export function missingReason(source: Source, name: string): string {
  return `${source.description.database} has no ${name}: run your migrations, or: tandem apply --apply-schema; to retire it: tandem forget ${source.source}/${name}`
}

/** Collection → why it is held, ending with what to do next. */
export type Holds = Map<string, string>

/** A collection that refers to another. */
export interface CollectionTie {
  readonly child: string
  readonly parent: string
  /** Fields of the parent that the child refers to. */
  readonly fields: readonly string[]
  /** Only the option `references` says so. */
  readonly isConfigured?: true
}

/** The references that only the configuration knows. */
export function configuredTies({
  config,
  description,
  selections,
}: Pick<Source, 'config' | 'description' | 'selections'>): CollectionTie[] {
  return [...selections.values()].flatMap(({ schema }) =>
    referencesFor(config, schema, description.collections)
      .filter((reference) => !schema.references.includes(reference) && selections.has(reference.to))
      .map(({ to, toFields }) => ({ child: schema.name, parent: to, fields: toFields, isConfigured: true as const })),
  )
}

/** What of a collection's records is about to be written or exported. */
export interface Movement {
  /** Some record changes. */
  readonly any: boolean
  /** Some record goes, or no longer has its value in these fields, to which other collections refer. */
  readonly leaves: (fields: readonly string[]) => boolean
}

/** Held collections that hold another one only where its changes touch them: with a renamed field or table, the records are the same. `moving`: the collections whose records change. */
export interface NarrowHolds {
  readonly names: ReadonlySet<string>
  readonly moving: ReadonlyMap<string, Movement>
  /** Ties besides the foreign keys. */
  readonly further?: readonly CollectionTie[]
}

const NONE: NarrowHolds = { names: new Set(), moving: new Map() }

/** Adds to `holds` every collection that foreign keys connect to a held one, directly or through others; around those that hold narrowly, only what has to wait. */
export function holdPartners(
  holds: Holds,
  selections: ReadonlyMap<string, Selection>,
  { names, moving, further = [] }: NarrowHolds = NONE,
): void {
  const declared = [...selections.values()].flatMap(({ schema }) =>
    schema.references.map(({ to, toFields }): CollectionTie => ({ child: schema.name, parent: to, fields: toFields })),
  )
  const ties = [...declared, ...further]
  const isNarrow = (name: string): boolean => names.has(causeOf(holds, name))
  const broad = new Set([...holds.keys()].filter((name) => !isNarrow(name)))
  spread(holds, broad, (from) =>
    ties.flatMap((tie) => {
      const other = tie.child === from ? tie.parent : tie.parent === from ? tie.child : undefined
      return other === undefined ? [] : [[other, tie] as const]
    }),
  )
  // a child may refer to what is not there yet; a parent's record may still be referred to
  spread(holds, new Set([...holds.keys()].filter(isNarrow)), (from) =>
    ties.flatMap((tie) => {
      const { child, parent, fields } = tie
      if (parent === from && moving.get(child)?.any === true) return [[child, tie] as const]
      return child === from && moving.get(parent)?.leaves(fields) === true ? [[parent, tie] as const] : []
    }),
  )
}

/** Holds what `next` says of each collection of the set, and of those that are held then. It ends: each step holds one more. */
function spread(
  holds: Holds,
  from: Set<string>,
  next: (name: string) => readonly (readonly [name: string, tie: CollectionTie])[],
): void {
  for (const name of from)
    for (const [tied, tie] of next(name)) {
      if (holds.has(tied)) continue
      holds.set(tied, tie.isConfigured ? referenceReason(name) : tiedReason(name))
      from.add(tied)
    }
}

/** For a collection tied by a reference that the database need not know. */
export function referenceReason(name: string): string {
  return `tied by a reference to ${name}, which is held`
}

function tiedReason(name: string): string {
  return `tied by a foreign key to ${name}, which is held`
}

/** The collection to which this reason says that another one is tied; undefined for a reason of its own. */
function tiedTo(reason: string): string | undefined {
  return /^(?:tied by a foreign key|tied by a reference|refers) to (.+), which is held$/s.exec(reason)?.[1]
}

/** The held collection for whose sake, in the end, this one is held: itself when it has a reason of its own. */
function causeOf(holds: ReadonlyMap<string, string>, name: string): string {
  const seen = new Set([name])
  for (const each of seen) {
    const to = tiedTo(holds.get(each) ?? '')
    if (to === undefined || !holds.has(to)) return each
    seen.add(to)
  }
  return name
}

/** A held collection with a reason of its own, and those that are held because of it. */
export interface HeldGroup {
  readonly name: string
  readonly reason: string
  readonly tied: readonly string[]
}

/** Causes, in the order in which they were found, each with what it holds. */
export function heldGroups(holds: ReadonlyMap<string, string>): readonly HeldGroup[] {
  const groups = new Map<string, { name: string; reason: string; tied: string[] }>()
  for (const [name, reason] of holds) if (causeOf(holds, name) === name) groups.set(name, { name, reason, tied: [] })
  for (const name of holds.keys()) if (!groups.has(name)) groups.get(causeOf(holds, name))?.tied.push(name)
  return [...groups.values()]
}

/** So many of the tables that are held with another one are named. */
const NAMED = 3

/** `shippers holds 12 more tables (foreign keys): orders, lines, customers …`; undefined when it holds no other. */
export function groupWords({ name, tied }: HeldGroup): string | undefined {
  if (tied.length === 0) return undefined
  const names = `${tied.slice(0, NAMED).join(', ')}${tied.length > NAMED ? ' …' : ''}`
  return `${name} holds ${tied.length} more ${tied.length === 1 ? 'table' : 'tables'} (foreign keys): ${names}`
}

/** `source/collection` → why it is held, and since when (milliseconds since 1970). */
export type HeldRecord = Record<string, { readonly reason: string; readonly since: number }>

/** The held collections of all sources, as this clone remembers them. */
export function heldMemory(workspace: Pick<Workspace, 'dataDir'>): Memory<HeldRecord> {
  return memory<HeldRecord>(workspace, 'held.json', {})
}

/** Remembers which collections of a source are held now; one that was held before keeps its `since`. Returns the entries of this source. */
export async function rememberHeld(
  workspace: Workspace,
  source: string,
  now: { readonly holds: Holds; readonly ms: number },
): Promise<HeldRecord> {
  const held = heldMemory(workspace)
  const before = await held.read()
  const others = Object.entries(before).filter(([name]) => !name.startsWith(`${source}/`))
  const own = [...now.holds].map(([collection, reason]) => {
    const name = `${source}/${collection}`
    return [name, { reason, since: before[name]?.since ?? now.ms }] as const
  })
  await held.write(Object.fromEntries([...others, ...own]))
  return Object.fromEntries(own)
}
