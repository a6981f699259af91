/** Merges one value of any kind: as a counter; else from the side that alone wrote it; else as a document or array; else by choosing the winner's value. */
import type { ValueText } from '../../model/canonical.ts'
import { mergeArrays } from './arrays.ts'
import type { MergeContext, ValuePlace } from './context.ts'
import { mergeCounter } from './counter.ts'
import { areDocuments, mergeDocuments } from './documents.ts'
import { isDocument } from '../versions.ts'
import type { Register } from '../history/writes.ts'

/** The merged value; undefined when the merged record does not have it. Conflicts are added to the context. */
export function mergeValue(context: MergeContext, place: ValuePlace, register: Register): ValueText | undefined {
  const counted = mergeCounter(context, place, register)
  if (counted !== undefined) return counted
  const settled = context.choices.settle(register)
  if (settled !== undefined) return settled.value
  if (areDocuments(register)) return mergeDocuments(context, place, register)
  return mergeArrays(context, place, register) ?? mergeWhole(context, place, register)
}

/**
 * The value of one side as it is: for scalars, typed values, changes of type, arrays without a rule, and a value that the other side removed. Where a document wins over a value
 * that is none, it keeps only the fields that were written on its side: the other side removed the rest of them.
 */
function mergeWhole(context: MergeContext, place: ValuePlace, register: Register): ValueText | undefined {
  const { side, rule } = context.choices.choose(withKinds(register))
  const { base, ours, theirs } = register
  // where a merge's file is compared with the rule (keepsEdited is false), a document that the file had dropped stays as it was
  const isMerged = isDocument(register[side]) && (context.choices.keepsEdited || side === 'theirs')
  const chosen = isMerged ? mergeDocuments(context, place, register) : register[side]
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen, rule })
  return chosen
}

/** The register with every document replaced by `{}`: whether the value is a document is decided apart from what is in it. */
function withKinds(register: Register): Register {
  const kind = (text: ValueText | undefined): ValueText | undefined => (isDocument(text) ? '{}' : text)
  const { base, ours, theirs, others } = register
  return { ...register, base: kind(base), ours: kind(ours), theirs: kind(theirs), others: others.map(kind) }
}
