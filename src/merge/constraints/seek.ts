/** Finds the records that have one of several values. Most records are excluded by a search in their text, without splitting them; the result is the same as with splitting them all. */
import { type RecordText, type ValueText, splitArray, stringText } from '../../model/canonical.ts'
import { type ValueForm, asWritten, tupleOf } from '../tuple.ts'

/** The values that are looked for, in these fields. */
export interface Sought {
  readonly fields: readonly string[]
  /** Texts made by `tupleOf` with `form`. */
  readonly values: ReadonlySet<string>
  readonly form?: ValueForm
}

/** A function that returns the sought value that a record has, or undefined when it has none of them. */
export function seeker({ fields, values, form = asWritten }: Sought): (text: RecordText) => string | undefined {
  const [first] = fields
  if (first === undefined || values.size === 0) return () => undefined
  const firsts = new Set([...values].map((value) => splitArray(value)[0]))
  const name = `${stringText(first)}:`
  return (text) => {
    if (!mayHold(text, name, (value) => firsts.has(form(value)))) return undefined
    const value = tupleOf(text, fields, form)
    return value !== undefined && values.has(value) ? value : undefined
  }
}

/** False when the record certainly has none of the values. The name may also occur in a nested document; the record is then split once more than needed. */
function mayHold(text: RecordText, name: string, isSought: (value: ValueText) => boolean): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const value = plainValueAt(text, at + name.length)
    if (value === undefined || isSought(value)) return true
  }
  return false
}

/** The value text at a position if it is a number, a word or a string without escapes; undefined for anything else. */
function plainValueAt(text: RecordText, start: number): ValueText | undefined {
  const opening = text[start]
  if (opening === '{' || opening === '[' || opening === ' ') return undefined
  if (opening === '"') {
    const value = text.slice(start, text.indexOf('"', start + 1) + 1)
    return value.includes('\\') ? undefined : value
  }
  let end = start
  while (end < text.length && text[end] !== ',' && text[end] !== '}') end++
  return text.slice(start, end)
}
