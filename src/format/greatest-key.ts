/** The greatest number in use as a key, so that a new number above it collides with no known record. */
import type { Records } from '../model/records.ts'
import { integerOf } from './layout.ts'

/** The greatest single-integer key among all these records; 0 when there is none. */
export function greatestKey(states: Iterable<Records | undefined>): bigint {
  let greatest = 0n
  for (const records of states)
    for (const key of records?.keys() ?? []) {
      const number = integerOf(key)
      if (number !== undefined && number > greatest) greatest = number
    }
  return greatest
}
