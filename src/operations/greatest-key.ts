/** The greatest number in use, so that a new one collides with nothing that is known. */
import { integerOf } from '../export/layout.ts'
import type { Records } from './live.ts'

/** 0 where no key is a single integer. */
export function greatestKey(states: Iterable<Records | undefined>): bigint {
  let greatest = 0n
  for (const records of states)
    for (const key of records?.keys() ?? []) {
      const number = integerOf(key)
      if (number !== undefined && number > greatest) greatest = number
    }
  return greatest
}
