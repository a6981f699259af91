/** Numbers that records got which had lost theirs. A record that two machines hold may get one from each; under all its numbers it is one record. Pure. */
import { compareBytes, type KeyText, type RecordText } from '../../model/canonical.ts'

/** A record under one of its keys. */
export interface Place {
  /** Tells it from all other records of the collection that ever had the key: who put it there, and what it was. */
  readonly name: string
  readonly key: KeyText
  /** As it was when it came there. */
  readonly record: RecordText
}

export interface Renumbering {
  readonly from: Place
  readonly to: Place
}

/** One record that got another number, or several. */
export interface Renumbered {
  readonly added: Place
  /** Where it was put afterwards, by key bytes. */
  readonly places: readonly Place[]
}

/** Every record with all that happened to its number. */
export function renumberedRecords(renumberings: Iterable<Renumbering>): Renumbered[] {
  const records = new Map<string, Map<string, Place>>()
  const given = new Set<string>()
  for (const { from, to } of renumberings) {
    given.add(to.name)
    const [former, later] = [records.get(from.name), records.get(to.name)]
    const places = former ?? later ?? new Map<string, Place>()
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
