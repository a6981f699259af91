/** Merges documents field by field, so that edits of different fields both survive. */
import type { Side } from '../../model/side.ts'
import type { ValueText } from '../../model/canonical.ts'
import { type MergeContext, type ValuePlace, inside } from './context.ts'
import { type FieldEntry, printObject } from '../history/print.ts'
import { type Versions, isDocument } from '../versions.ts'
import { type Register, fieldsOf, registerAt } from '../history/writes.ts'

/** True when both sides hold documents; only then can they be merged field by field. */
export function areDocuments({ ours, theirs }: Versions): boolean {
  return isDocument(ours) && isDocument(theirs)
}

/** The merged document: each field is merged by itself, nested documents too. */
export function mergeDocuments(context: MergeContext, place: ValuePlace, register: Register): ValueText {
  const entries: FieldEntry[] = []
  for (const name of orderNames(register, context.first)) {
    const value = context.merge(inside(place, name), registerAt(register, name, context.rules.order))
    if (value !== undefined) entries.push([name, value])
  }
  return printObject(place.print, entries)
}

/** The names of all fields, each once: those of the base in its order, then those that the side `first` added, then the other side's. The result is the same whichever side is ours. */
export function orderNames(versions: Versions, first: Side): Set<string> {
  const names = (text: ValueText | undefined): Iterable<string> => (isDocument(text) ? fieldsOf(text).keys() : [])
  const second = first === 'ours' ? 'theirs' : 'ours'
  return new Set([...names(versions.base), ...names(versions[first]), ...names(versions[second])])
}
