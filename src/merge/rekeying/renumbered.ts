/** Numbers that records got which had lost theirs. A record that two machines hold may get one from each; under all its numbers it is one record. Pure. */
import { compareBytes, type KeyText, type RecordText } from '../../model/canonical.ts'

/** A record under one of its keys, as it was when it came there. */
export interface Place {
  readonly key: KeyText
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

/** Tells a record of one collection from all others that ever had its key. */
export function nameOf({ key, record }: Place): string {
  return `${key}\n${record}`
}

/** Every record with all that happened to its number. */
export function renumberedRecords(renumberings: Iterable<Renumbering>): Renumbered[] {
  const records = new Map<string, Map<string, Place>>()
  const given = new Set<string>()
  for (const { from, to } of renumberings) {
    given.add(nameOf(to))
    const [former, later] = [records.get(nameOf(from)), records.get(nameOf(to))]
    const places = former ?? later ?? new Map<string, Place>()
    for (const place of [from, to, ...(later?.values() ?? [])]) {
      places.set(nameOf(place), place)
      records.set(nameOf(place), places)
    }
  }
  return [...new Set(records.values())].flatMap((known) => {
    const all = [...known.values()].sort((a, b) => compareBytes(nameOf(a), nameOf(b)))
    const added = all.find((place) => !given.has(nameOf(place)))
    return added === undefined ? [] : [{ added, places: all.filter((place) => place !== added) }]
  })
}
