/**
 * Chooses how an array merges. An array is one value unless it is configured to merge by element, and then only where both sides changed it. What comes out is a
 * function of the three states, not of which side is ours.
 */
import type { ValueText } from '../model/canonical.ts'
import type { ArrayRule } from '../model/rules.ts'
import type { MergeContext, Place } from './context.ts'
import { type ElementVersions, splitElements } from './elements.ts'
import { mergeKeyed } from './keyed-arrays.ts'
import { printArray } from './print.ts'
import { mergeSets } from './sets.ts'
import type { Versions } from './versions.ts'

/** Merges an array by its rule; `undefined` when it has none or the rule does not fit its elements, and it is to be taken whole. */
export function mergeArrays(context: MergeContext, place: Place, versions: Versions): ValueText | undefined {
  const rule = ruleFor(context.rules.arrays, place.path)
  const elements = rule === undefined ? undefined : splitElements(versions)
  if (rule === undefined || elements === undefined) return undefined
  if (rule === 'set') return uniteSets({ context, place, versions }, elements)
  return mergeByKey({ context, place, versions }, rule.keyed, elements)
}

/** `arrays` comes from a configuration file: a field may be called `constructor`. */
function ruleFor(arrays: Readonly<Record<string, ArrayRule>>, path: string): ArrayRule | undefined {
  return Object.hasOwn(arrays, path) ? arrays[path] : undefined
}

interface ArrayMerge {
  readonly context: MergeContext
  readonly place: Place
  readonly versions: Versions
}

function uniteSets({ context, place, versions }: ArrayMerge, elements: ElementVersions): ValueText {
  const chosen = printArray(place.print, mergeSets(elements, context.rules.order))
  context.conflicts.push({ ...versions, field: place.shown, chosen, rule: 'set-union' })
  return chosen
}

/** Conflicts inside elements are reported one by one; the array itself only where neither side's sequence stands. */
function mergeByKey(merge: ArrayMerge, field: string, elements: ElementVersions): ValueText | undefined {
  const { context, place, versions } = merge
  const merged = mergeKeyed(context, { place, field }, elements)
  if (merged === undefined) return undefined
  const chosen = printArray(place.print, merged.elements)
  if (merged.resequenced) context.conflicts.push({ ...versions, field: place.shown, chosen, rule: 'keyed' })
  return chosen
}
