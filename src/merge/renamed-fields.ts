/**
 * Fields that a migration renamed. No database and no export tells a rename from a drop and an addition, but the records do: the new field holds what the old one held. Without this, what
 * the other machine wrote into the old field would be lost to the migration, which seems to write every record.
 */
import { type ValueText, compareBytes, splitObject } from '../model/canonical.ts'
import type { CollectionSchema, FieldSchema } from '../model/collection.ts'
import type { Records } from '../model/records.ts'

/** One version of a collection: at the common past, or on one side. */
export interface CollectionVersion {
  readonly schema: CollectionSchema
  readonly records: Records
}

/** A field that is gone and one that came. */
interface FieldPair {
  readonly from: string
  readonly to: string
}

/** A possible rename, and what the records say for and against it. */
interface RenameCandidate extends FieldPair {
  /** How many records hold the same value in both fields, and how many another one. */
  readonly same: number
  readonly other: number
}

/**
 * Old name → new name of the fields that `side` renamed since `base`: of the same type, and most records that had a value in the old field have it in the new one. Where several fields fit
 * equally well, or no record has a value in several that might, it is not known which became which, and none of them is answered.
 */
export function renamedFields(base: CollectionVersion, side: CollectionVersion): Map<string, string> {
  const vanished = missingFrom(side.schema, base.schema)
  const appeared = missingFrom(base.schema, side.schema)
  const pairs = vanished.flatMap((from) =>
    appeared.filter(({ type }) => type === from.type).map((to) => ({ from: from.name, to: to.name })),
  )
  if (pairs.length === 0) return new Map()
  const candidates = weigh(pairs, base.records, side.records).filter(({ same, other }) => same > other || other === 0)
  return new Map(candidates.filter((each) => isBest(each, candidates)).map(({ from, to }) => [from, to]))
}

/** The fields of `schema` that `other` does not declare. */
function missingFrom(other: CollectionSchema, schema: CollectionSchema): FieldSchema[] {
  const names = new Set(other.fields.map(({ name }) => name))
  return schema.fields.filter(({ name }) => !names.has(name)).sort((a, b) => compareBytes(a.name, b.name))
}

/** True when no other candidate for one of its two fields fits as well. */
function isBest(candidate: RenameCandidate, candidates: readonly RenameCandidate[]): boolean {
  const rivals = candidates.filter((each) => (each.from === candidate.from) !== (each.to === candidate.to))
  return rivals.every(({ same, other }) => same - other < candidate.same - candidate.other)
}

/** Counts, for each pair of fields, the records that are on both sides and had a value. */
function weigh(pairs: readonly FieldPair[], base: Records, side: Records): RenameCandidate[] {
  const counts = pairs.map((pair) => ({ ...pair, same: 0, other: 0 }))
  for (const [key, text] of base) {
    const after = side.get(key)
    if (after === undefined) continue
    const [before, now]: ReadonlyMap<string, ValueText>[] = [splitObject(text), splitObject(after)]
    for (const count of counts) {
      const value = before?.get(count.from)
      if (value === undefined) continue
      if (now?.get(count.to) === value) count.same++
      else count.other++
    }
  }
  return counts
}
