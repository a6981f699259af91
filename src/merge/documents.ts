/** Documents merge by path: every name is merged for itself, so edits of different parts both survive. */
import { isTypedValue, kindOf, splitObject, type ValueText } from '../model/canonical.ts'
import { inside, type MergeContext, type Place } from './context.ts'
import { type Entry, printObject } from './print.ts'
import type { Side, Versions } from './versions.ts'

/** True for a document: an object that does not stand for one typed value. */
export function isDocument(text: ValueText | undefined): text is ValueText {
  return text !== undefined && kindOf(text) === 'object' && !isTypedValue(text)
}

/** True when both sides hold documents and the base a document or nothing. A change of type is never merged by path. */
export function areDocuments({ base, ours, theirs }: Versions): boolean {
  return isDocument(ours) && isDocument(theirs) && (base === undefined || isDocument(base))
}

/** Merges three documents by name, recursively. */
export function mergeDocuments(context: MergeContext, place: Place, versions: Versions): ValueText {
  const sides = splitVersions(versions)
  const entries: Entry[] = []
  for (const name of orderNames(sides, context.first)) {
    const value = context.merge(inside(place, name), fieldOf(sides, name))
    if (value !== undefined) entries.push([name, value])
  }
  return printObject(place.print, entries)
}

/** Three field maps; an absent document has no fields. */
export type FieldVersions = Readonly<Record<'base' | Side, ReadonlyMap<string, ValueText>>>

export function splitVersions({ base, ours, theirs }: Versions): FieldVersions {
  const split = (text: ValueText | undefined): ReadonlyMap<string, ValueText> =>
    text === undefined ? new Map() : splitObject(text)
  return { base: split(base), ours: split(ours), theirs: split(theirs) }
}

/** One field of three documents. */
export function fieldOf({ base, ours, theirs }: FieldVersions, name: string): Versions {
  return { base: base.get(name), ours: ours.get(name), theirs: theirs.get(name) }
}

/** Every name once: the base's in its order, then those the winner added in its order, then the other side's. The same whichever side is ours. */
export function orderNames(sides: FieldVersions, first: Side): Set<string> {
  const second = first === 'ours' ? 'theirs' : 'ours'
  return new Set([...sides.base.keys(), ...sides[first].keys(), ...sides[second].keys()])
}
