/** What may be added to a live structure, as plain data: a closed list. An adapter turns it into statements of its own; no text of an export ever becomes SQL but as a quoted name or literal. */
import { compareBytes, type ValueText } from './canonical.ts'
import type { CollectionSchema, FieldSchema, Reference } from './collection.ts'

/** One addition to one collection. Nothing here can remove, rename or convert what is there. */
export type SchemaChange =
  /** `schema.key` becomes the primary key; empty: none. */
  | { readonly kind: 'create'; readonly collection: string; readonly schema: CollectionSchema }
  /** `enum(…)`: a new label, in front of `before` or at the end. */
  | {
      readonly kind: 'add-label'
      readonly collection: string
      readonly field: string
      readonly label: string
      readonly before: string | undefined
    }
  /** `fill`: the default of a required field, which every record that is here gets. */
  | {
      readonly kind: 'add-field'
      readonly collection: string
      readonly field: FieldSchema
      readonly fill: ValueText | undefined
    }
  | { readonly kind: 'add-unique'; readonly collection: string; readonly fields: readonly string[] }
  | { readonly kind: 'add-reference'; readonly collection: string; readonly reference: Reference }

/** Statements of an engine, in order. `ahead`: they take effect on their own, before the transaction of the others (PostgreSQL's new enum labels cannot be used in theirs). */
export interface SchemaStatements {
  readonly ahead: readonly string[]
  readonly within: readonly string[]
}

/** What a collection looks like after the changes that concern it. @throws TypeError when there is nothing to change */
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

/** The labels of `enum("new","done")` and `enum("new","done")[]`; undefined for any other type. */
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

/** True when two structures say the same, in whatever order their properties stand. */
export function sameStructure(a: CollectionSchema, b: CollectionSchema): boolean {
  return textOf(a) === textOf(b)
}

/** The text of a part of a structure: equal parts have equal texts. */
export function textOf(part: unknown): string {
  return JSON.stringify(part, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => compareBytes(a, b)))
      : value,
  )
}
