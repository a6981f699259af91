/** What tests of one engine's own share: plans written as pairs of record texts, applied, and read back. */
import type { Adapter } from '../../src/adapters/adapter.ts'
import { keyOf, splitObject, type RecordText } from '../../src/model/canonical.ts'
import type { ApplyOutcome, Change, CollectionChanges } from '../../src/model/change.ts'
import type { Selection } from '../../src/model/collection.ts'
import { planOf, recordsOf, selectionOf } from './scene.ts'

/** One record before and after; undefined: it is not there. */
type Pair = readonly [before: RecordText | undefined, after: RecordText | undefined]

/** Changes of one collection. */
export function changesOf(selection: Selection, pairs: readonly Pair[]): Change[] {
  return pairs.map(([before, after]) => ({
    key: keyOf(splitObject(before ?? after ?? '{}'), selection.schema.key),
    before,
    after,
  }))
}

/** Applies pairs to one collection, as live describes it. */
export async function apply(adapter: Adapter, collection: string, pairs: readonly Pair[]): Promise<ApplyOutcome> {
  const selection = await selectionOf(adapter, collection)
  return adapter.apply(planOf(selection, changesOf(selection, pairs)))
}

/** Applies pairs to several collections as one plan. */
export async function applyAll(
  adapter: Adapter,
  pairs: Readonly<Record<string, readonly Pair[]>>,
): Promise<ApplyOutcome> {
  const collections: CollectionChanges[] = []
  for (const [name, list] of Object.entries(pairs)) {
    const selection = await selectionOf(adapter, name)
    collections.push({ selection, changes: changesOf(selection, list) })
  }
  return adapter.apply({ collections, state: new Map(), expectedState: new Map() })
}

/** All records of a collection, sorted by key. */
export async function records(adapter: Adapter, collection: string): Promise<readonly RecordText[]> {
  return recordsOf(adapter, await selectionOf(adapter, collection))
}

/** What `work` throws; undefined when it succeeds. */
export async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(() => undefined).catch((error: unknown) => error)
}
