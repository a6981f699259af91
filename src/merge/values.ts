/** Merges one value of any kind: trivially where one side left it alone, else as counter, document, array, or by the winner. */
import type { ValueText } from '../model/canonical.ts'
import { mergeArrays } from './arrays.ts'
import type { MergeContext, Place } from './context.ts'
import { addChanges } from './counters.ts'
import { areDocuments, mergeDocuments } from './documents.ts'
import { sameValue, trivialMerge, type Versions } from './versions.ts'

/** Merges a value and notes in the context what had to be decided; `undefined` when the merged record does not have it. */
export function mergeValue(context: MergeContext, place: Place, versions: Versions): ValueText | undefined {
  const counted = mergeCounter(context, place, versions)
  if (counted !== undefined) return counted
  const trivial = trivialMerge(versions, context.rules.order)
  if (trivial !== undefined) return trivial.value
  if (areDocuments(versions)) return mergeDocuments(context, place, versions)
  return mergeArrays(context, place, versions) ?? mergeWhole(context, place, versions)
}

/**
 * A counter both sides changed, even to the same number: two increments from 5 to 6 are 7. (Records that are the same in every field never get here: they
 * cannot be told from one change that reached both sides.)
 */
function mergeCounter(context: MergeContext, place: Place, versions: Versions): ValueText | undefined {
  const { base, ours, theirs } = versions
  const { counters, order } = context.rules
  if (!context.edited || !counters.includes(place.path)) return undefined
  if (ours === undefined || theirs === undefined) return undefined
  if (sameValue(base, ours, order) || sameValue(base, theirs, order)) return undefined
  const chosen = addChanges({ base, ours, theirs }, place.print)
  if (chosen === undefined) return undefined
  context.conflicts.push({ ...versions, field: place.shown, chosen, rule: 'counter' })
  return chosen
}

/** One side's value as it is: scalars, typed values, changes of type, arrays without a rule, a value against its removal. */
function mergeWhole(context: MergeContext, place: Place, versions: Versions): ValueText | undefined {
  const { side, rule } = context.choose(versions.ours, versions.theirs)
  context.conflicts.push({ ...versions, field: place.shown, chosen: versions[side], rule })
  return versions[side]
}
