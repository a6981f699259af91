/** Merges one value of any kind: trivially where one side left it alone, else as counter, document, array, or by the winner. */
import type { ValueText } from '../model/canonical.ts'
import { mergeArrays } from './arrays.ts'
import type { MergeContext, Place } from './context.ts'
import { mergeCounter } from './counter.ts'
import { areDocuments, isDocument, mergeDocuments } from './documents.ts'
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

/**
 * One side's value as it is: scalars, typed values, changes of type, arrays without a rule, a value against its removal. A document that wins over what is none has what was
 * written in it; the rest of it was taken away by the other side, and stays so.
 */
function mergeWhole(context: MergeContext, place: Place, register: Register): ValueText | undefined {
  const { side, rule } = context.choose(withKinds(register))
  const { base, ours, theirs } = register
  // beside a file that says otherwise, a document that was merely dropped stays as it is
  const isMerged = isDocument(register[side]) && (context.keepsEdited || side === 'theirs')
  const chosen = isMerged ? mergeDocuments(context, place, register) : register[side]
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen, rule })
  return chosen
}

/** Whether there is a document is one question; what is in it are others. */
function withKinds(register: Register): Register {
  const kind = (text: ValueText | undefined): ValueText | undefined => (isDocument(text) ? '{}' : text)
  const { base, ours, theirs, others } = register
  return { ...register, base: kind(base), ours: kind(ours), theirs: kind(theirs), others: others.map(kind) }
}
