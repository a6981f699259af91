/** The references of a collection to others: the foreign keys that the database declares, and those of the `references` option. */
import type { CollectionSchema, Reference } from '../model/collection.ts'
import type { KnownField } from '../model/known-field.ts'
import type { FieldReference, SourceConfig } from './config.ts'
import { namesSame, optionsFor } from './match.ts'

/** Declared and configured references of a collection. A configured one is left out when the collection it names does not exist, has a key of several fields, or the same fields are a declared reference. */
export function referencesFor(
  source: SourceConfig,
  schema: CollectionSchema,
  schemas: readonly CollectionSchema[],
): readonly Reference[] {
  const configured = entriesOf(source, schema.name).flatMap(([field, entry]) => {
    if (typeof entry !== 'object') return referenceTo(field, entry, schemas)
    return Object.entries(entry.to).flatMap(([value, to]) =>
      referenceTo(field, to, schemas).map((reference) => ({ ...reference, when: { field: entry.by, value } })),
    )
  })
  const declared = (one: Reference): boolean =>
    schema.references.some((each) => each.fields.join() === one.fields.join())
  return [...schema.references, ...configured.filter((each) => !declared(each))]
}

function entriesOf(source: SourceConfig, collection: string): [field: string, entry: FieldReference][] {
  return Object.entries(optionsFor(source, collection).references ?? {})
}

function referenceTo(field: string, to: string | false, schemas: readonly CollectionSchema[]): Reference[] {
  const parent = isNone(to) ? undefined : schemas.find(({ name }) => namesSame(name, to))
  const [key, ...more] = parent?.key ?? []
  if (parent === undefined || key === undefined || more.length > 0) return []
  return [{ fields: [field], to: parent.name, toFields: [key] }]
}

function isNone(to: string | false): to is false | 'none' {
  return to === false || to === 'none'
}

/** The fields of which it is known whether they hold keys of another collection: those of a foreign key, those that the option `references` names rightly, and those that are counters or times. What it names wrongly is not known. */
export function knownReferences(
  source: SourceConfig,
  schema: CollectionSchema,
  schemas: readonly CollectionSchema[],
): ReadonlyMap<string, KnownField> {
  const isRight = (field: string, to: string | false): boolean =>
    isNone(to) || referenceTo(field, to, schemas).length > 0
  const { counters = [], newest } = optionsFor(source, schema.name)
  const counted = [...counters, ...(newest === undefined ? [] : [newest])]
  const known = new Map<string, KnownField>(counted.map((field) => [field, 'always']))
  for (const [field, entry] of entriesOf(source, schema.name))
    if (typeof entry !== 'object') {
      if (isRight(field, entry)) known.set(field, 'always')
    } else {
      const right = Object.entries(entry.to).filter(([, to]) => isRight(field, to))
      known.set(field, { by: entry.by, values: new Set(right.map(([value]) => value)) })
    }
  for (const { fields } of schema.references) for (const field of fields) known.set(field, 'always')
  return known
}
