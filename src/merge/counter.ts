/** A field configured as a counter: both sides' changes are added, however many commits made them. The arithmetic is in counters.ts. */
import type { ValueText } from '../model/canonical.ts'
import type { MergeContext, Place } from './context.ts'
import { addChanges } from './counters.ts'
import { greatestWrite } from './winner.ts'
import type { Register, Write } from './writes.ts'

/**
 * A counter that both sides wrote, even to the same number: two increments from 5 to 6 are 7. A write that came with the record, or is no change of a number, sets the
 * counter: the greatest setting stands, with every change that did not know of it. `undefined` where there is nothing to add up: then it is a value as any other.
 */
export function mergeCounter(context: MergeContext, place: Place, register: Register): ValueText | undefined {
  const { base, ours, theirs, writes } = register
  if (!context.rules.counters.includes(place.path)) return undefined
  if (ours === undefined || theirs === undefined) return undefined
  if (writes.ours.length === 0 || writes.theirs.length === 0) return undefined
  const chosen = sumOf(context, place, register)
  if (chosen !== undefined) context.conflicts.push({ base, ours, theirs, field: place.shown, chosen, rule: 'counter' })
  return chosen
}

/** The value of the side with the greatest setting plus the other's changes; without settings the same from either side, if both know every change. */
function sumOf({ rules }: MergeContext, place: Place, { ours, theirs, writes }: Register): ValueText | undefined {
  const changes = (side: readonly Write[]): Write[] => side.filter((write) => isChange(write, place))
  const sums = {
    ours: () => addAll(ours, changes(writes.theirs), place),
    theirs: () => addAll(theirs, changes(writes.ours), place),
  }
  const settings = (side: readonly Write[]): Write[] => side.filter((write) => !isChange(write, place))
  const set = greatestWrite({ ours: settings(writes.ours), theirs: settings(writes.theirs) }, rules.order)
  if (set !== undefined) return sums[set.side]()
  const sum = sums.ours()
  return sum === sums.theirs() ? sum : undefined
}

function isChange({ before, after, whole }: Write, { print }: Place): boolean {
  return !whole && after !== undefined && addChanges({ base: before, ours: after, theirs: after }, print) !== undefined
}

function addAll(value: ValueText | undefined, changes: readonly Write[], place: Place): ValueText | undefined {
  let sum = value
  for (const { before, after } of changes) {
    if (after === undefined || sum === undefined) return undefined
    sum = addChanges({ base: before, ours: sum, theirs: after }, place.print)
  }
  return sum
}
