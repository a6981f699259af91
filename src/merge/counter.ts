/** A field configured as a counter: both sides' changes are added, however many commits made them. The arithmetic is in counters.ts. */
import type { ValueText } from '../model/canonical.ts'
import type { MergeContext, Place } from './context.ts'
import { addChanges } from './counters.ts'
import type { Register, Write } from './writes.ts'

/**
 * A counter that both sides changed, even to the same number: two increments from 5 to 6 are 7. `undefined` where it is none, or where a write set it (with the record
 * itself) instead of changing it: then it is a value as any other.
 */
export function mergeCounter(context: MergeContext, place: Place, register: Register): ValueText | undefined {
  const { base, ours, theirs, writes } = register
  if (!context.rules.counters.includes(place.path)) return undefined
  if (ours === undefined || theirs === undefined) return undefined
  if (writes.ours.length === 0 || writes.theirs.length === 0) return undefined
  const one = addAll(ours, writes.theirs, place)
  // from either side the sum is the same where both know every change; else they must not differ by who asks
  const other = addAll(theirs, writes.ours, place)
  if (one === undefined || one !== other) return undefined
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen: one, rule: 'counter' })
  return one
}

/** A value plus the changes of writes; undefined where one of them is no change of a number. */
function addAll(value: ValueText, writes: readonly Write[], place: Place): ValueText | undefined {
  let sum: ValueText | undefined = value
  for (const { before, after, whole } of writes) {
    if (whole || after === undefined || sum === undefined) return undefined
    sum = addChanges({ base: before, ours: sum, theirs: after }, place.print)
  }
  return sum
}
