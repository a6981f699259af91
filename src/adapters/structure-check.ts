/** Whether a database made the structure that a reviewed addition promises. Every engine with tables asks this inside the transaction that made it. */
import type { CollectionSchema } from '../model/collection.ts'
import { type SchemaChange, changedSchema, sameStructure } from '../model/schema-change.ts'

/**
 * The name of the first collection whose structure is not what `changes` make of it; undefined when all are.
 * @param before, after the collections as described before and after the statements ran
 */
export function wronglyChanged(
  changes: readonly SchemaChange[],
  before: readonly CollectionSchema[],
  after: readonly CollectionSchema[],
): string | undefined {
  return [...new Set(changes.map(({ collection }) => collection))].find((name) => {
    const found = after.find((schema) => schema.name === name)
    const promised = changedSchema(
      before.find((schema) => schema.name === name),
      changes.filter(({ collection }) => collection === name),
    )
    return found === undefined || !sameStructure(found, promised)
  })
}
