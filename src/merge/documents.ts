/** Documents merge by path: every name is merged for itself, so edits of different parts both survive. */
import { isTypedValue, kindOf, type ValueText } from '../model/canonical.ts'
import { inside, type MergeContext, type Place } from './context.ts'
import { type Entry, printObject } from './print.ts'
import type { Side, Versions } from './versions.ts'
import { fieldsOf, registerAt, type Register } from './writes.ts'

/** True for a document: an object that does not stand for one typed value. */
export function isDocument(text: ValueText | undefined): text is ValueText {
  return text !== undefined && kindOf(text) === 'object' && !isTypedValue(text)
}

/** True when both sides hold documents. A change of type is never merged by path. */
export function areDocuments({ ours, theirs }: Versions): boolean {
  return isDocument(ours) && isDocument(theirs)
}

/** Merges documents by name, recursively. */
export function mergeDocuments(context: MergeContext, place: Place, register: Register): ValueText {
  const entries: Entry[] = []
  for (const name of orderNames(register, context.first)) {
    const value = context.merge(inside(place, name), registerAt(register, name, context.rules.order))
    if (value !== undefined) entries.push([name, value])
  }
  return printObject(place.print, entries)
}

/** Every name once: the base's in its order, then those the winner added in its order, then the other side's. The same whichever side is ours. */
export function orderNames(versions: Versions, first: Side): Set<string> {
  const names = (text: ValueText | undefined): Iterable<string> => (isDocument(text) ? fieldsOf(text).keys() : [])
  const second = first === 'ours' ? 'theirs' : 'ours'
  return new Set([...names(versions.base), ...names(versions[first]), ...names(versions[second])])
}
