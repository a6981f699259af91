/** How much of a record is filled in: the second rule of the winner's order. */
import type { ValueText } from '../model/canonical.ts'

const EMPTY = /^(?:null|""|\[\s*\]|\{\s*\})$/

/** True for the five empty values: absent, null, "", [] and {}. 0 and false are values. */
export function isEmpty(value: ValueText | undefined): boolean {
  return value === undefined || EMPTY.test(value)
}

/** Number of a record's fields that are not empty; fields named in `except` (derived ones) do not count. */
export function countFilled(fields: ReadonlyMap<string, ValueText>, except: readonly string[]): number {
  let filled = 0
  for (const [name, value] of fields) if (!isEmpty(value) && !except.includes(name)) filled++
  return filled
}
