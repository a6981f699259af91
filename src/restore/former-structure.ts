/** Fits records of an older structure into the table as it is now. Fields added since keep their live value; a field that is gone or has another type makes the restore impossible. */
import { type RecordText, objectText, sortedObjectText, splitObject } from '../model/canonical.ts'
import type { CollectionSchema, Selection } from '../model/collection.ts'
import { GuardError } from '../model/errors.ts'
import type { Source } from '../source/source.ts'

/**
 * Returns the function that makes a record for live from an exported record and the live one (undefined when live does not have it).
 * @throws GuardError when the key or a type differs, or live lacks a field
 */
export function placeFor(
  source: Source,
  selection: Selection,
  exported: { readonly schema: CollectionSchema },
): (record: RecordText, live: RecordText | undefined) => RecordText {
  const problem = differenceOf(selection, exported.schema)
  if (problem !== undefined)
    throw new GuardError(`${source.source}/${selection.schema.name} had another structure then: ${problem}`, {
      hint: 'Restore other collections, or single records by hand (git show COMMIT:PATH has them).',
    })
  const then = new Set(exported.schema.fields.map(({ name }) => name))
  const since = selection.schema.fields.map(({ name }) => name).filter((name) => !then.has(name))
  if (since.length === 0) return (record) => record
  const textOf = selection.schema.order === 'sorted' ? sortedObjectText : objectText
  return (record, live) => {
    if (live === undefined) return record
    const now = splitObject(live)
    const kept = since.flatMap((name) => (now.has(name) ? [[name, now.get(name) as string] as const] : []))
    return textOf(new Map([...splitObject(record), ...kept]))
  }
}

/** What makes a restore impossible, in words; undefined when nothing does. */
function differenceOf({ schema, omit }: Selection, exported: CollectionSchema): string | undefined {
  if (schema.key.join('\0') !== exported.key.join('\0')) return `its key was ${exported.key.join(', ')}`
  const now = new Map(schema.fields.map(({ name, type }) => [name, type]))
  const words = exported.fields.flatMap(({ name, type }) => {
    if (omit.includes(name) || now.get(name) === type) return []
    return [now.has(name) ? `${name} was ${type}, is ${now.get(name)} now` : `${name} is gone`]
  })
  return words.length === 0 ? undefined : words.join('; ')
}
