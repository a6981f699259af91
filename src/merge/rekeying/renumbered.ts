/** Brings together all numbers that one record has had. When two machines both re-key a record, each may give it another number; it is still one record. */
import { type KeyText, type RecordText, compareBytes } from '../../model/canonical.ts'

/** A record under one of its keys. */
export interface RecordUnderKey {
  /** Made from who wrote the record under this key and what it was, so that it differs from every other record that ever had the key. */
  readonly name: string
  readonly key: KeyText
  /** The record when it was first written under this key. */
  readonly record: RecordText
}

/** One change of a record's number. */
export interface Renumbering {
  readonly from: RecordUnderKey
  readonly to: RecordUnderKey
}

/** A record that was given one or more other numbers. */
export interface Renumbered {
  readonly added: RecordUnderKey
  /** The record under its later numbers, sorted by key bytes. */
  readonly places: readonly RecordUnderKey[]
}

/** Every renumbered record with all its numbers. Renumberings whose records are connected belong to one record. */
export function renumberedRecords(renumberings: Iterable<Renumbering>): Renumbered[] {
  const records = new Map<string, Map<string, RecordUnderKey>>()
  const given = new Set<string>()
  for (const { from, to } of renumberings) {
    given.add(to.name)
    const [former, later] = [records.get(from.name), records.get(to.name)]
    const places = former ?? later ?? new Map<string, RecordUnderKey>()
    for (const place of [from, to, ...(later?.values() ?? [])]) {
      places.set(place.name, place)
      records.set(place.name, places)
    }
  }
  return [...new Set(records.values())].flatMap((known) => {
    const all = [...known.values()].sort((a, b) => compareBytes(a.key, b.key) || compareBytes(a.name, b.name))
    const added = all.find(({ name }) => !given.has(name))
    return added === undefined ? [] : [{ added, places: all.filter((place) => place !== added) }]
  })
}
