/** Finds the live records that refer to a record: each collection is looked through once for each of its references. */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import type { Follower } from './following.ts'
import { tupleOf, type World, type WorldCollection } from './world.ts'

/** References to fields of the record that change. */
export function* referencesTo(
  world: World,
  parent: Pick<Follower, 'collection' | 'fields'>,
): Iterable<readonly [collection: string, reference: Reference]> {
  for (const [collection, { references }] of world.collections)
    for (const reference of references)
      if (reference.to === parent.collection && reference.toFields.some((name) => parent.fields.has(name)))
        yield [collection, reference]
}

export interface ChildQuestion {
  readonly collection: string
  readonly reference: Reference
  /** The values referred to (`tupleOf`). */
  readonly tuple: string | undefined
}

/** Live records with these values that still have them when the merge is done, and those that lose their key whatever it says. */
export function* childrenOf(world: World, question: ChildQuestion): Iterable<readonly [KeyText, RecordText]> {
  const { collection, reference, tuple } = question
  if (tuple === undefined) return
  const known = world.collections.get(collection) as WorldCollection
  for (const key of indexOf(known, reference).get(tuple) ?? []) {
    const record = known.live.get(key) as RecordText
    const change = known.changes.get(key)
    const merged = change === undefined ? record : change.after
    if (tupleOf(merged, reference.fields) === tuple || known.moved.some((each) => each.key === key)) yield [key, record]
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
    const tuple = tupleOf(record, reference.fields)
    const keys = tuple === undefined ? undefined : index.get(tuple)
    if (keys !== undefined) keys.push(key)
    else if (tuple !== undefined) index.set(tuple, [key])
  }
  return index
}
