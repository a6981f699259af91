/**
 * Chooses how an array merges. An array is one value unless it is configured to merge by element, and then only where both sides changed it. The result depends on the
 * versions and the writes alone, not on which side is ours.
 */
import type { ValueText } from '../../model/canonical.ts'
import type { ArrayRule } from '../../model/rules.ts'
import { readArray, writeArray } from './array-texts.ts'
import type { MergeContext, ValuePlace } from './context.ts'
import { isArray } from './elements.ts'
import { mergeKeyed } from './keyed-arrays.ts'
import { printArray } from '../history/print.ts'
import { mergeSets } from './sets.ts'
import type { Register } from '../history/writes.ts'

/** The array merged by its configured rule; undefined when it has no rule, or the rule does not fit its elements: the caller then takes one side's array as it is. */
export function mergeArrays(context: MergeContext, place: ValuePlace, register: Register): ValueText | undefined {
  const rule = ruleFor(context.rules.arrays, place.path)
  if (rule === undefined) return undefined
  if (rule === 'set') return isSet(context, register) ? uniteSets(context, place, register) : undefined
  if (![register.ours, register.theirs].every(isArray)) return undefined
  return mergeByKey(context, { place, field: rule.keyed }, register)
}

/** Own properties only: the configuration may name a field `constructor`. */
function ruleFor(arrays: Readonly<Record<string, ArrayRule>>, path: string): ArrayRule | undefined {
  return Object.hasOwn(arrays, path) ? arrays[path] : undefined
}

/** True where both sides hold arrays written in the same way, or the side that wins holds one. */
function isSet(context: MergeContext, register: Register): boolean {
  const [ours, theirs] = [readArray(register.ours), readArray(register.theirs)]
  if (ours !== undefined && theirs !== undefined) return ours.form === theirs.form
  return (ours ?? theirs) !== undefined && readArray(register[context.choices.choose(register).side]) !== undefined
}

function uniteSets(context: MergeContext, place: ValuePlace, register: Register): ValueText {
  const { base, ours, theirs } = register
  const { form } = readArray(ours) ?? readArray(theirs) ?? { form: 'array' }
  const members = mergeSets(context, register)
  const chosen = form === 'array' ? printArray(place.print, members) : writeArray(form, members)
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen, rule: 'set-union' })
  return chosen
}

/** Conflicts inside elements are reported one by one. The array itself is reported only where the merged elements are in neither side's sequence. */
function mergeByKey(
  context: MergeContext,
  at: { readonly place: ValuePlace; readonly field: string },
  register: Register,
): ValueText | undefined {
  const { place } = at
  const merged = mergeKeyed(context, at, register)
  if (merged === undefined) return undefined
  const { base, ours, theirs } = register
  const chosen = printArray(place.print, merged.elements)
  if (merged.resequenced) context.conflicts.push({ base, ours, theirs, field: place.shown, chosen, rule: 'keyed' })
  return chosen
}
