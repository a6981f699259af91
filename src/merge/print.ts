/** How a merged document or array is written, so that it equals byte for byte what its database would print. Only what the merge rebuilt is printed; the rest stays a slice. */
import {
  arrayText,
  compareBytes,
  objectText,
  sortedObjectText,
  stringText,
  type ValueText,
} from '../model/canonical.ts'

/** `sorted`: names by bytes; `kept`: names in the order given; `jsonb`: as PostgreSQL prints that type. */
export type Print = 'sorted' | 'kept' | 'jsonb'

export type Entry = readonly [name: string, value: ValueText]

/** The text of a document from its fields; `kept` alone takes their order from the caller. */
export function printObject(print: Print, entries: readonly Entry[]): ValueText {
  if (print === 'sorted') return sortedObjectText(entries)
  if (print === 'kept') return objectText(entries)
  const sorted = [...entries].sort(([a], [b]) => compareJsonbNames(a, b))
  return `{${sorted.map(([name, value]) => `${stringText(name)}: ${value}`).join(', ')}}`
}

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
