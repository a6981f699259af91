/** Records of an older structure in a table of today: fields that came since keep their live value, fields that are gone cannot be restored. */
import { objectText, sortedObjectText, splitObject, type RecordText } from '../../model/canonical.ts'
import type { CollectionSchema, Selection } from '../../model/collection.ts'
import { GuardError } from '../../model/errors.ts'
import type { Source } from '../source.ts'

/**
 * How a record of the exported structure is to stand in live.
 * @throws GuardError when key or types differ, or live lacks a field
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

function differenceOf({ schema, omit }: Selection, exported: CollectionSchema): string | undefined {
  if (schema.key.join('\0') !== exported.key.join('\0')) return `its key was ${exported.key.join(', ')}`
  const now = new Map(schema.fields.map(({ name, type }) => [name, type]))
  const words = exported.fields.flatMap(({ name, type }) => {
    if (omit.includes(name) || now.get(name) === type) return []
    return [now.has(name) ? `${name} was ${type}, is ${now.get(name)} now` : `${name} is gone`]
  })
  return words.length === 0 ? undefined : words.join('; ')
}
