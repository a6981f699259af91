/** Merges one value of any kind: trivially where one side left it alone, else as counter, document, array, or by the winner. */
import type { ValueText } from '../model/canonical.ts'
import { mergeArrays } from './arrays.ts'
import type { MergeContext, Place } from './context.ts'
import { mergeCounter } from './counter.ts'
import { areDocuments, mergeDocuments } from './documents.ts'
import type { Register } from './writes.ts'

/** Merges a value and notes in the context what had to be decided; `undefined` when the merged record does not have it. */
export function mergeValue(context: MergeContext, place: Place, register: Register): ValueText | undefined {
  const counted = mergeCounter(context, place, register)
  if (counted !== undefined) return counted
  const settled = context.settle(register)
  if (settled !== undefined) return settled.value
  if (areDocuments(register)) return mergeDocuments(context, place, register)
  return mergeArrays(context, place, register) ?? mergeWhole(context, place, register)
}

/** One side's value as it is: scalars, typed values, changes of type, arrays without a rule, a value against its removal. */
function mergeWhole(context: MergeContext, place: Place, register: Register): ValueText | undefined {
  const { side, rule } = context.choose(register)
  const { base, ours, theirs } = register
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen: register[side], rule })
  return register[side]
}
