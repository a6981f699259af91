/** Finds the live records that refer to a record. Each collection is indexed once for each of its references. */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import { referredBy } from './referred.ts'
import type { Follower, RekeyingWorld, WorldCollection } from './world.ts'

/** The references to those fields of the record that get new values, with the collection that has each. */
export function* referencesTo(
  world: RekeyingWorld,
  parent: Pick<Follower, 'collection' | 'fields'>,
): Iterable<readonly [collection: string, reference: Reference]> {
  for (const [collection, { references }] of world.collections)
    for (const reference of references)
      if (reference.to === parent.collection && reference.toFields.some((name) => parent.fields.has(name)))
        yield [collection, reference]
}

/** Which children are looked for. */
export interface ChildQuestion {
  readonly collection: string
  readonly reference: Reference
  /** The values referred to, as text of `tupleOf`; undefined: no child can refer to them. */
  readonly tuple: string | undefined
}

/** The live records that refer to the values and still do after the merge, and those that do and lose their own key. */
export function* childrenOf(world: RekeyingWorld, question: ChildQuestion): Iterable<readonly [KeyText, RecordText]> {
  const { collection, reference, tuple } = question
  if (tuple === undefined) return
  const known = world.collections.get(collection) as WorldCollection
  for (const key of indexOf(known, reference).get(tuple) ?? []) {
    const record = known.live.get(key) as RecordText
    const change = known.changes.get(key)
    const merged = change === undefined ? record : change.after
    if (referredBy(merged, reference) === tuple || known.moved.some((each) => each.key === key)) yield [key, record]
  }
}

const indexes = new WeakMap<WorldCollection, Map<Reference, ReadonlyMap<string, readonly KeyText[]>>>()

function indexOf(collection: WorldCollection, reference: Reference): ReadonlyMap<string, readonly KeyText[]> {
  const known = indexes.get(collection) ?? new Map<Reference, ReadonlyMap<string, readonly KeyText[]>>()
  indexes.set(collection, known)
  const index = known.get(reference) ?? makeIndex(collection, reference)
  known.set(reference, index)
  return index
}

function makeIndex({ live }: WorldCollection, reference: Reference): Map<string, KeyText[]> {
  const index = new Map<string, KeyText[]>()
  for (const [key, record] of live) {
    const tuple = referredBy(record, reference)
    const keys = tuple === undefined ? undefined : index.get(tuple)
    if (keys !== undefined) keys.push(key)
    else if (tuple !== undefined) index.set(tuple, [key])
  }
  return index
}
