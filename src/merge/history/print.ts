/** Writes a merged document or array byte for byte as its database would print it. Only values that the merge put together are printed; all others are slices of their records' texts. */
import { type ValueText, arrayText, compareBytes, sortedObjectText, stringText } from '../../model/canonical.ts'
import { documentRecordText, documentText } from '../../model/documents.ts'

/** `sorted`: names by bytes; `kept`: names in the order given; `jsonb`: as PostgreSQL prints that type. */
export type Print = 'sorted' | 'kept' | 'jsonb'

/** A field with its value. */
export type FieldEntry = readonly [name: string, value: ValueText]

/** The text of a document with these fields. Only `kept` keeps their order; the other ways sort them. */
export function printObject(print: Print, entries: readonly FieldEntry[]): ValueText {
  if (print === 'sorted') return sortedObjectText(entries)
  if (print === 'kept') return documentText(entries)
  const sorted = [...entries].sort(([a], [b]) => compareJsonbNames(a, b))
  return `{${sorted.map(([name, value]) => `${stringText(name)}: ${value}`).join(', ')}}`
}

/** The text of a whole record with these fields. */
export function printRecord(order: Exclude<Print, 'jsonb'>, entries: readonly FieldEntry[]): ValueText {
  return order === 'kept' ? documentRecordText(entries) : sortedObjectText(entries)
}

/** The text of an array with these elements. */
export function printArray(print: Print, values: readonly ValueText[]): ValueText {
  return print === 'jsonb' ? `[${values.join(', ')}]` : arrayText(values)
}

/**
 * The order of names in a jsonb object: shorter UTF-8 first, then by bytes.
 * @see https://www.postgresql.org/docs/current/datatype-json.html and `lengthCompareJsonbString` in its jsonb_util.c
 */
function compareJsonbNames(a: string, b: string): number {
  return utf8Length(a) - utf8Length(b) || compareBytes(a, b)
}

function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
