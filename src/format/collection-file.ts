/** `collection.json`: the structure of a collection beside its records, written canonically so that equal structure gives equal bytes. */
import stableStringify from 'fast-json-stable-stringify'
import { compareBytes } from '../model/canonical.ts'
import type { CollectionSchema, FieldSchema, Layout, Reference } from '../model/collection.ts'
import { DamagedError } from '../model/errors.ts'
import { FORMAT, checkFormat, isNames, parseObject } from './header.ts'
import { layoutText, parseLayout } from './layout.ts'

/** The content of a `collection.json`. */
export interface CollectionFile {
  readonly source: string
  readonly schema: CollectionSchema
  readonly layout: Layout
}

/** The file's text: names in objects sorted, two spaces of indentation, a line feed at the end. */
export function collectionFileText(file: CollectionFile): string {
  const { schema } = file
  const plain = {
    format: FORMAT,
    source: file.source,
    collection: schema.name,
    key: schema.key,
    order: schema.order,
    layout: layoutText(file.layout),
    fields: [...schema.fields].sort((a, b) => compareBytes(a.name, b.name)),
    uniques: schema.uniques,
    references: schema.references,
  }
  return `${JSON.stringify(JSON.parse(stableStringify(plain)), undefined, 2)}\n`
}

/** Text of the structure without layout and source, for comparison: equal structures have equal texts. */
export function structureText(schema: CollectionSchema): string {
  return collectionFileText({ source: '', schema, layout: { kind: 'single' } })
}

/**
 * Reads and checks a `collection.json`, which others may have written.
 * @param path where the file is, for messages
 * @throws DamagedError naming the path; for a newer format with the hint to upgrade
 */
export function parseCollectionFile(text: string, path: string): CollectionFile {
  const value = parseObject(text, path)
  checkFormat(value['format'], { path, line: 1 })
  const layout = parseLayout(value['layout'])
  const { source, collection, key, order, fields, uniques, references } = value
  if (typeof source !== 'string' || typeof collection !== 'string' || layout === undefined)
    throw new DamagedError({ path, line: 1 }, 'source, collection or layout is missing or wrong')
  if (!isNames(key) || (order !== 'sorted' && order !== 'kept'))
    throw new DamagedError({ path, line: 1 }, 'key or order is missing or wrong')
  if (!isFields(fields) || !isNameLists(uniques) || !isReferences(references))
    throw new DamagedError({ path, line: 1 }, 'fields, uniques or references are missing or wrong')
  return { source, layout, schema: { name: collection, fields, key, uniques, references, order } }
}

function isFields(value: unknown): value is readonly FieldSchema[] {
  return (
    Array.isArray(value) &&
    value.every(
      (field: Partial<FieldSchema> | null) =>
        typeof field?.name === 'string' &&
        typeof field.type === 'string' &&
        [field.required, field.serial].every((mark: unknown) => mark === undefined || mark === true),
    )
  )
}

function isNameLists(value: unknown): value is readonly (readonly string[])[] {
  return Array.isArray(value) && value.every(isNames)
}

function isReferences(value: unknown): value is readonly Reference[] {
  return (
    Array.isArray(value) &&
    value.every(
      (entry: Partial<Reference> | null) =>
        isNames(entry?.fields) && typeof entry?.to === 'string' && isNames(entry.toFields),
    )
  )
}
