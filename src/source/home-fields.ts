/**
 * Fields that stay at home although every new record needs a value in them: `password NOT NULL`, left out as a credential. Every other machine would refuse every record. Finds them, and
 * words the three ways out, each as it stands in the configuration.
 */
import { optionsFor } from '../config/match.ts'
import { pastedJson } from '../config/pasted-json.ts'
import type { Placeholder } from '../model/collection.ts'
import type { Source } from './source.ts'

/** What has to be decided of one collection, with the configuration of each way out. */
export interface HomeFields {
  readonly collection: string
  readonly fields: readonly string[]
  /** Options of the collection that carry the fields. */
  readonly carry: { readonly omit: readonly string[] }
  /** Options of the collection that fill the fields of records that arrive. */
  readonly fill: { readonly placeholder: Readonly<Record<string, Placeholder>> }
  /** `exclude` of the source: the collection, and those that refer to it. */
  readonly exclude: readonly string[]
}

/** The collections of a source that no other machine could take a record of. */
export function homeFields(source: Source): readonly HomeFields[] {
  return [...source.selections.keys()].flatMap((name) => homeFieldsOf(source, name) ?? [])
}

/** undefined when the collection has no such field. */
export function homeFieldsOf(source: Source, collection: string): HomeFields | undefined {
  const selection = source.selections.get(collection)
  const mandatory = source.description.mandatory.get(collection) ?? []
  const fields = mandatory.filter(
    (name) => selection?.omit.includes(name) === true && selection.placeholders?.has(name) !== true,
  )
  if (fields.length === 0) return undefined
  const { omit = [], placeholder = {} } = optionsFor(source.config, collection)
  return {
    collection,
    fields,
    // an empty list would carry every other credential too
    carry: { omit: [...omit.filter((name) => !fields.includes(name)), ...fields.map((name) => `!${name}`)] },
    fill: {
      placeholder: {
        ...placeholder,
        ...Object.fromEntries(fields.map((name) => [name, fillFor(source, collection, name)])),
      },
    },
    exclude: [...new Set([...source.config.exclude, ...withReferring(source, [collection])])],
  }
}

/** The collections and all that refer to them, directly or through others: these cannot be exported without them. */
export function withReferring(source: Pick<Source, 'selections'>, collections: Iterable<string>): string[] {
  const left = new Set(collections)
  for (const name of left)
    for (const [child, { schema }] of source.selections)
      if (schema.references.some(({ to }) => to === name)) left.add(child)
  return [...left]
}

/** A value that fits the column's type; `!` is no hash of any password. */
function fillFor(source: Source, collection: string, field: string): Placeholder {
  const schema = source.description.collections.find(({ name }) => name === collection)
  const type = schema?.fields.find(({ name }) => name === field)?.type ?? 'text'
  if (type.startsWith('bool')) return false
  return /int|numeric|real|double|float|serial/.test(type) ? 0 : '!'
}

/** Why records of the collection cannot travel as it is configured; a collection that nobody has exported yet is held for it. */
export function homeReason({ fields }: HomeFields): string {
  return `${fields.join(', ')} must have a value in every record and stays at home, so no database can take a record from another; to carry it, fill it in or exclude the table: tandem init`
}

/** The three ways out, a line each: what is pasted into the configuration of the source. */
export function homeWays({ collection, fields, carry, fill, exclude }: HomeFields): readonly string[] {
  const entry = (options: object): string => `"collections": {${JSON.stringify(collection)}: ${pastedJson(options)}}`
  return [
    `carry ${fields.join(', ')} with every record: ${entry(carry)}`,
    `or a placeholder for rows that arrive: ${entry(fill)}`,
    `or leave it out: "exclude": ${pastedJson(exclude)}`,
  ]
}
