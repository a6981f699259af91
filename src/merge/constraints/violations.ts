/** Finds violated unique keys and foreign keys in given records: the constraints that a merge of two sides can break although each side kept them. */
import type { Records } from '../../model/records.ts'
import type { KeyText } from '../../model/canonical.ts'
import type { CollectionSchema, Reference } from '../../model/collection.ts'
import { asWritten, comparable, tupleOf } from '../tuple.ts'

/** Several records that hold the same values in a unique key. */
export interface UniqueViolation {
  readonly unique: readonly string[]
  readonly keys: readonly KeyText[]
}

/** A record whose foreign key names a parent that is not there. */
export interface MissingParent {
  readonly reference: Reference
  readonly key: KeyText
}

/** One violated constraint of a collection. */
export type ConstraintViolation =
  | ({ readonly kind: 'unique'; readonly collection: string } & UniqueViolation)
  | ({ readonly kind: 'reference'; readonly collection: string } & MissingParent)

/** A collection to check. */
export interface MergedRecords {
  readonly schema: CollectionSchema
  readonly records: Records
}

/** Every violation among the given records, collection by collection. References to collections that are not given are not checked. */
export function findViolations(collections: ReadonlyMap<string, MergedRecords>): ConstraintViolation[] {
  const found: ConstraintViolation[] = []
  for (const [collection, { schema, records }] of collections) {
    for (const one of uniqueViolations(records, schema.uniques)) found.push({ kind: 'unique', collection, ...one })
    for (const reference of schema.references) {
      const parents = collections.get(reference.to)
      if (parents === undefined) continue
      const keys = missingParents(records, reference, parents.records)
      for (const key of keys) found.push({ kind: 'reference', collection, reference, key })
    }
  }
  return found
}

/** Records that share a value of a unique key, in the order given. A record with an absent or null field in it never collides (SQL's NULL). */
export function uniqueViolations(records: Records, uniques: readonly (readonly string[])[]): UniqueViolation[] {
  return uniques.flatMap((unique) => {
    const holders = new Map<string, KeyText[]>()
    for (const [key, text] of records) {
      const value = tupleOf(text, unique, asWritten)
      if (value === undefined) continue
      const known = holders.get(value)
      if (known === undefined) holders.set(value, [key])
      else known.push(key)
    }
    return [...holders.values()].filter((keys) => keys.length > 1).map((keys) => ({ unique, keys }))
  })
}

/** Keys of children whose foreign key has a value (no field of it absent or null: MATCH SIMPLE) that no parent holds. */
export function missingParents(children: Records, reference: Reference, parents: Records): KeyText[] {
  const known = new Set<string>()
  for (const text of parents.values()) {
    const value = tupleOf(text, reference.toFields, comparable)
    if (value !== undefined) known.add(value)
  }
  const missing: KeyText[] = []
  for (const [key, text] of children) {
    const value = tupleOf(text, reference.fields, comparable)
    if (value !== undefined && !known.has(value)) missing.push(key)
  }
  return missing
}
