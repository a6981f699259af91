/** Finds the records that hold one of some values without taking every record apart: a look at the text tells most of them from the rest. Exact, only faster. */
import { splitArray, splitObject, stringText, type RecordText, type ValueText } from '../../model/canonical.ts'
import { tupleOf } from './violations.ts'

export interface Sought {
  readonly fields: readonly string[]
  /** Texts made by `tupleOf` with `form`. */
  readonly values: ReadonlySet<string>
  readonly form?: (value: ValueText) => string
}

/** Answers the value a record holds, if it is one of those sought. */
export function seeker({ fields, values, form = asItIs }: Sought): (text: RecordText) => string | undefined {
  const [first] = fields
  if (first === undefined || values.size === 0) return () => undefined
  const firsts = new Set([...values].map((value) => splitArray(value)[0]))
  const name = `${stringText(first)}:`
  return (text) => {
    if (!mayHold(text, name, (value) => firsts.has(form(value)))) return undefined
    const value = tupleOf(splitObject(text), fields, form)
    return value !== undefined && values.has(value) ? value : undefined
  }
}

function asItIs(value: ValueText): string {
  return value
}

/** The name may stand in a nested document too: then one look more than needed is taken. */
function mayHold(text: RecordText, name: string, isSought: (value: ValueText) => boolean): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const value = plainValueAt(text, at + name.length)
    if (value === undefined || isSought(value)) return true
  }
  return false
}

/** A number, word, or string without escapes; undefined for anything that takes more than a look. */
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
