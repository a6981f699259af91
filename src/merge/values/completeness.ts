/** How many fields of a record are filled in: of two equally new records the one with more filled fields wins. */
import type { FieldValues, ValueText } from '../../model/canonical.ts'

const EMPTY = /^(?:null|""|\[\s*\]|\{\s*\})$/

/** True for the five empty values: absent, null, "", [] and {}. 0 and false are values. */
export function isEmpty(value: ValueText | undefined): boolean {
  return value === undefined || EMPTY.test(value)
}

/** Number of a record's fields that are not empty. Fields named in `except` (the derived ones) are not counted. */
export function countFilled(fields: FieldValues, except: readonly string[]): number {
  let filled = 0
  for (const [name, value] of fields) if (!isEmpty(value) && !except.includes(name)) filled++
  return filled
}
