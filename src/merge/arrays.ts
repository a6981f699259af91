/**
 * Chooses how an array merges. An array is one value unless it is configured to merge by element, and then only where both sides changed it. What comes out is a
 * function of the versions and what was written, not of which side is ours.
 */
import type { ValueText } from '../model/canonical.ts'
import type { ArrayRule } from '../model/rules.ts'
import type { MergeContext, Place } from './context.ts'
import { isArray } from './elements.ts'
import { mergeKeyed } from './keyed-arrays.ts'
import { printArray } from './print.ts'
import { mergeSets } from './sets.ts'
import type { Register } from './writes.ts'

/** Merges an array by its rule; `undefined` when it has none or the rule does not fit its elements, and it is to be taken whole. */
export function mergeArrays(context: MergeContext, place: Place, register: Register): ValueText | undefined {
  const rule = ruleFor(context.rules.arrays, place.path)
  const arrays = [register.ours, register.theirs].filter(isArray).length
  if (rule === 'set' && (arrays === 2 || (arrays === 1 && isArray(register[context.choose(register).side]))))
    return uniteSets(context, place, register)
  if (rule === undefined || rule === 'set' || arrays < 2) return undefined
  return mergeByKey(context, { place, field: rule.keyed }, register)
}

/** `arrays` comes from a configuration file: a field may be called `constructor`. */
function ruleFor(arrays: Readonly<Record<string, ArrayRule>>, path: string): ArrayRule | undefined {
  return Object.hasOwn(arrays, path) ? arrays[path] : undefined
}

function uniteSets(context: MergeContext, place: Place, register: Register): ValueText {
  const { base, ours, theirs } = register
  const chosen = printArray(place.print, mergeSets(context, register))
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen, rule: 'set-union' })
  return chosen
}

/** Conflicts inside elements are reported one by one; the array itself only where neither side's sequence stands. */
function mergeByKey(
  context: MergeContext,
  at: { readonly place: Place; readonly field: string },
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
