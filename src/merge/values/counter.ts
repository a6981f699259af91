/** A field configured as a counter: the changes of both sides are added up, however many commits made them. The arithmetic is in counters.ts. */
import type { ValueText } from '../../model/canonical.ts'
import type { MergeContext, ValuePlace } from './context.ts'
import { addChanges } from './counters.ts'
import { greatestWrite } from '../winner.ts'
import type { Register, ValueWrite } from '../history/writes.ts'

/**
 * The merged number of a counter that both sides wrote, even to the same number: two increments from 5 to 6 give 7. A write that came with a new record, or that is not from
 * number to number, sets the counter: the set with the greatest stamp counts, plus every change of the other side.
 * @returns undefined when the field is no counter or nothing can be added up; it is then merged as any other value
 */
export function mergeCounter(context: MergeContext, place: ValuePlace, register: Register): ValueText | undefined {
  const { base, ours, theirs, writes } = register
  if (!context.rules.counters.includes(place.path)) return undefined
  if (ours === undefined || theirs === undefined) return undefined
  if (writes.ours.length === 0 || writes.theirs.length === 0) return undefined
  const chosen = sumOf(context, place, register)
  if (chosen !== undefined) context.conflicts.push({ base, ours, theirs, field: place.shown, chosen, rule: 'counter' })
  return chosen
}

/** The value of the side with the greatest set, plus the other side's changes. Where neither side set it, the sum must be the same from either side; else undefined. */
function sumOf({ rules }: MergeContext, place: ValuePlace, { ours, theirs, writes }: Register): ValueText | undefined {
  const changes = (side: readonly ValueWrite[]): ValueWrite[] => side.filter((write) => isChange(write, place))
  const sums = {
    ours: () => addAll(ours, changes(writes.theirs), place),
    theirs: () => addAll(theirs, changes(writes.ours), place),
  }
  const sets = (side: readonly ValueWrite[]): ValueWrite[] => side.filter((write) => !isChange(write, place))
  const greatestSet = greatestWrite({ ours: sets(writes.ours), theirs: sets(writes.theirs) }, rules.order)
  if (greatestSet !== undefined) return sums[greatestSet.side]()
  const sum = sums.ours()
  return sum === sums.theirs() ? sum : undefined
}

/** True for a write from one number to another, as opposed to one that sets the counter. */
function isChange({ before, after, whole }: ValueWrite, { print }: ValuePlace): boolean {
  return !whole && after !== undefined && addChanges({ base: before, ours: after, theirs: after }, print) !== undefined
}

function addAll(
  value: ValueText | undefined,
  changes: readonly ValueWrite[],
  place: ValuePlace,
): ValueText | undefined {
  let sum = value
  for (const { before, after } of changes) {
    if (after === undefined || sum === undefined) return undefined
    sum = addChanges({ base: before, ours: sum, theirs: after }, place.print)
  }
  return sum
}
