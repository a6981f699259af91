/** For plans that make a database what some exports say, without a merge: records that have no parent in these exports either. Whoever wrote them has a database that does not enforce the reference. */
import type { Change } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Records } from '../../model/records.ts'
import { missingParents } from './violations.ts'

/**
 * The changes of one collection, with `dangling` at the records whose parent the exports lack. References are compared by their texts: a record marked although the database finds its
 * parent in another spelling is only not asked about.
 * @param exported collection → its records in the exports
 */
export function markDangling(
  schema: CollectionSchema,
  changes: readonly Change[],
  exported: (name: string) => Records | undefined,
): Change[] {
  const written = new Map(changes.flatMap(({ key, after }) => (after === undefined ? [] : [[key, after] as const])))
  const marked = new Set(
    schema.references.flatMap((reference) => missingParents(written, reference, exported(reference.to) ?? new Map())),
  )
  return changes.map((change) => (marked.has(change.key) ? { ...change, dangling: true } : change))
}
