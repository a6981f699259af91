/** Which fields of a collection hold keys of another: the foreign keys that the database declares, and those that the configuration names. */
import type { CollectionSchema, Reference } from '../model/collection.ts'
import type { SourceConfig } from './config.ts'
import { namesSame, optionsFor } from './match.ts'

/** Declared and configured references. A configured one leads to the single key field of a collection that is there. */
export function referencesFor(
  source: SourceConfig,
  schema: CollectionSchema,
  schemas: readonly CollectionSchema[],
): readonly Reference[] {
  const configured = Object.entries(optionsFor(source, schema.name).references ?? {}).flatMap(([field, to]) => {
    const parent = to === false ? undefined : schemas.find(({ name }) => namesSame(name, to))
    const [key, ...more] = parent?.key ?? []
    if (parent === undefined || key === undefined || more.length > 0) return []
    return [{ fields: [field], to: parent.name, toFields: [key] }]
  })
  const declared = (one: Reference): boolean =>
    schema.references.some((each) => each.fields.join() === one.fields.join())
  return [...schema.references, ...configured.filter((each) => !declared(each))]
}

/** Fields that the configuration speaks of: nothing is guessed of them. */
export function knownReferences(source: SourceConfig, collection: string): ReadonlySet<string> {
  return new Set(Object.keys(optionsFor(source, collection).references ?? {}))
}
