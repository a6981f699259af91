/** Records as far as they count: without the fields that a trigger computes on each machine by itself. */
import { withoutDerived } from '../merge/versions.ts'
import type { Records } from './live.ts'
import type { Source } from './source.ts'

/** The records of a collection without its derived fields; the same map where there are none. */
export function countedRecords(source: Source, collection: string, records: Records): Records {
  const derived = source.selections.get(collection)?.derived ?? []
  if (derived.length === 0) return records
  return new Map([...records].map(([key, text]) => [key, withoutDerived(text, { derived })]))
}
