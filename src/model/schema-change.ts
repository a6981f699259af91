/** What may be added to a live structure, as plain data: a closed list. An adapter turns it into statements of its own, in which text of an export only ever appears as a quoted name or literal. */
import { type ValueText, compareBytes } from './canonical.ts'
import type { CollectionSchema, FieldSchema, Reference } from './collection.ts'

/** One addition to one collection. No kind of change removes, renames or converts anything. */
export type SchemaChange =
  /** A new collection; `schema.key` becomes its primary key, an empty one makes none. `columns`: its fields in the order in which to declare them; without it they are sorted. */
  | {
      readonly kind: 'create'
      readonly collection: string
      readonly schema: CollectionSchema
      readonly columns?: readonly string[]
    }
  /** A new label of an `enum(…)` type, in front of the label `before`; undefined: at the end. */
  | {
      readonly kind: 'add-label'
      readonly collection: string
      readonly field: string
      readonly label: string
      readonly before: string | undefined
    }
  /** A new field; `fill` is the value that existing records get when the field is required. */
  | {
      readonly kind: 'add-field'
      readonly collection: string
      readonly field: FieldSchema
      readonly fill: ValueText | undefined
    }
  | { readonly kind: 'add-unique'; readonly collection: string; readonly fields: readonly string[] }
  | { readonly kind: 'add-reference'; readonly collection: string; readonly reference: Reference }

type Creation = Extract<SchemaChange, { readonly kind: 'create' }>

/** The fields of a new collection in the order in which to declare them. */
export function declaredFields({ schema, columns = [] }: Creation): readonly FieldSchema[] {
  const fields = new Map(schema.fields.map((field) => [field.name, field]))
  return [...new Set([...columns, ...fields.keys()])].flatMap((name) => fields.get(name) ?? [])
}

/** True for a change that adds a field to a collection. */
export function isFieldAdded(change: SchemaChange): change is Extract<SchemaChange, { readonly kind: 'add-field' }> {
  return change.kind === 'add-field'
}

/** Statements of an engine, in order. `ahead` runs before the transaction of `within` and takes effect at once: PostgreSQL cannot use a new enum label in the transaction that adds it. */
export interface SchemaStatements {
  readonly ahead: readonly string[]
  readonly within: readonly string[]
}

/** The structure of a collection after those of the changes that concern it. @throws TypeError when the collection does not exist and no change creates it */
export function changedSchema(
  schema: CollectionSchema | undefined,
  changes: readonly SchemaChange[],
): CollectionSchema {
  let result = schema
  for (const change of changes) {
    if (change.kind === 'create') result = change.schema
    else if (result === undefined) throw new TypeError(`${change.collection}: nothing to add to`)
    else if (change.collection === result.name) result = added(result, change)
  }
  if (result === undefined) throw new TypeError('no collection')
  return result
}

function added(schema: CollectionSchema, change: Exclude<SchemaChange, { readonly kind: 'create' }>): CollectionSchema {
  switch (change.kind) {
    case 'add-field':
      return {
        ...schema,
        fields: [...schema.fields, change.field].sort((a, b) => compareBytes(a.name, b.name)),
      }
    case 'add-label':
      return { ...schema, fields: schema.fields.map((field) => withLabel(field, change)) }
    case 'add-unique':
      return { ...schema, uniques: inOrder([...schema.uniques, change.fields]) }
    default:
      return { ...schema, references: inOrder([...schema.references, change.reference]) }
  }
}

function withLabel(
  field: FieldSchema,
  change: { readonly field: string; readonly label: string; readonly before: string | undefined },
): FieldSchema {
  const type = parseEnum(field.type)
  if (field.name !== change.field || type === undefined) return field
  const place = change.before === undefined ? -1 : type.labels.indexOf(change.before)
  const labels = [...type.labels]
  labels.splice(place < 0 ? labels.length : place, 0, change.label)
  return { ...field, type: enumText({ ...type, labels }) }
}

/** A type of named labels, or an array of it. */
export interface EnumType {
  readonly labels: readonly string[]
  /** `[]` for each dimension that the type's name states. */
  readonly arrays: string
}

/** The parts of a type like `enum("new","done")` or `enum("new","done")[]`; undefined for any other type. */
export function parseEnum(type: string): EnumType | undefined {
  const match = /^enum\((.*)\)((?:\[\])*)$/s.exec(type)
  if (match === null) return undefined
  try {
    const labels: unknown = JSON.parse(`[${match[1] ?? ''}]`)
    const isOurs = Array.isArray(labels) && labels.every((label) => typeof label === 'string')
    const parsed = isOurs ? { labels, arrays: match[2] ?? '' } : undefined
    return parsed !== undefined && enumText(parsed) === type ? parsed : undefined
  } catch {
    return undefined
  }
}

function enumText({ labels, arrays }: EnumType): string {
  return `enum(${labels.map((label) => JSON.stringify(label)).join(',')})${arrays}`
}

function inOrder<Item>(items: readonly Item[]): Item[] {
  const texts = new Map(items.map((item) => [item, textOf(item)]))
  return [...items].sort((a, b) => compareBytes(texts.get(a) ?? '', texts.get(b) ?? ''))
}

/** True when two structures are equal, whatever the order of their properties. */
export function sameStructure(a: CollectionSchema, b: CollectionSchema): boolean {
  return textOf(a) === textOf(b)
}

/** A part of a structure (schema, field, list of names) as JSON text with sorted properties: equal parts have equal texts. */
export function textOf(part: unknown): string {
  return JSON.stringify(part, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => compareBytes(a, b)))
      : value,
  )
}
