/** A collection that both sides have and their common past has under another name: both machines renamed the table. Without its former name everything in it would seem to be added on both sides. */
import { type CommittedCollection, readCommitted, readRecords } from '../exports/committed.ts'
import { isMostlyAlike, shapeText } from '../exports/shape.ts'
import type { CollectionSchema } from '../model/collection.ts'
import type { Records } from '../model/records.ts'
import type { ExportsPlace } from '../source/source.ts'
import type { HistoryPlace } from './collection-history.ts'

/** A side that merges: its structure and, where they are asked for, its records. undefined when it does not have the collection. */
export type MigratingSide = { readonly schema: CollectionSchema; readonly records: () => Promise<Records> } | undefined

/** The name and folder that the collection had at one of these commits, which does not have it under its own; undefined when all have it, or it is not known what it was there. */
export async function formerBetween(
  place: ExportsPlace,
  name: string,
  at: { readonly commits: readonly string[]; readonly sides: readonly [MigratingSide, MigratingSide] },
): Promise<HistoryPlace['former']> {
  const [ours, theirs] = at.sides
  if (ours === undefined || theirs === undefined) return undefined
  for (const commit of at.commits) {
    const committed = await readCommitted(place, commit)
    if (committed.has(name)) continue
    const alike = [...committed.values()].filter(({ schema }) => shapeText(schema) === shapeText(ours.schema))
    const fitting = ours.schema.fields.length > 0 ? alike : await withSameDocuments(place, alike, at.sides)
    const [former, ...others] = fitting
    if (former === undefined || others.length > 0) continue
    if (await isMostlyIn(place, former, at.sides)) return { collection: former.schema.name, folder: former.folder }
  }
  return undefined
}

/** Collections of documents all have one structure: those of which each side has most documents much as they were. One file is compared first, as there may be many collections. */
async function withSameDocuments(
  place: ExportsPlace,
  candidates: readonly CommittedCollection[],
  sides: readonly MigratingSide[],
): Promise<CommittedCollection[]> {
  const records = await Promise.all(sides.map(async (side) => (await side?.records()) ?? new Map()))
  const found: CommittedCollection[] = []
  for (const each of candidates) {
    const { key } = each.schema
    const isIn = (some: Records): boolean => records.every((side) => isMostlyAlike(some, side, key))
    const [first] = each.buckets.keys()
    const sample = await readRecords(place, each, first === undefined ? [] : [first])
    if (sample.size > 0 && !isIn(sample)) continue
    if (isIn(await readRecords(place, each))) found.push(each)
  }
  return found
}

/** True when each side has most of the records, by their keys. */
async function isMostlyIn(
  place: ExportsPlace,
  former: CommittedCollection,
  sides: readonly MigratingSide[],
): Promise<boolean> {
  const keys = [...(await readRecords(place, former)).keys()]
  for (const side of sides) {
    const records = await side?.records()
    if (keys.filter((key) => records?.has(key)).length * 2 < keys.length) return false
  }
  return true
}
