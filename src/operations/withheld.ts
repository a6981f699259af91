/**
 * Records of the exports that this database refuses: live keeps its own, and until that is settled neither side takes the difference for an edit or a deletion. Remembered inside
 * the database, beside the sync points, so that a restored copy knows of its own.
 */
import stableStringify from 'fast-json-stable-stringify'
import { compareBytes, type KeyText, type RecordText } from '../model/canonical.ts'
import { setRecord } from '../model/change.ts'
import type { Records } from './live.ts'

export interface Withheld {
  /** What live held when the record was refused; undefined: nothing. */
  readonly own: RecordText | undefined
  /** What it should hold, and what exports go on to say; undefined: it should be gone. */
  readonly meant: RecordText | undefined
  /** The constraint that refused it. */
  readonly constraint: string
}

/** Collection → key → what is withheld. */
export type WithheldRecords = ReadonlyMap<string, ReadonlyMap<KeyText, Withheld>>

const ENTRY = 'withheld/'

/** The name of a collection's entry in the tool's state. */
export function withheldName(collection: string): string {
  return `${ENTRY}${collection}`
}

export function readWithheld(state: ReadonlyMap<string, string>): WithheldRecords {
  const found = new Map<string, Map<KeyText, Withheld>>()
  for (const [name, text] of state) {
    if (!name.startsWith(ENTRY)) continue
    const records = JSON.parse(text) as Record<KeyText, { own?: RecordText; meant?: RecordText; constraint: string }>
    const entries = Object.entries(records).map(
      ([key, { own, meant, constraint }]) => [key, { own, meant, constraint }] as const,
    )
    found.set(name.slice(ENTRY.length), new Map(entries))
  }
  return found
}

/** The text of a collection's entry; undefined: there is nothing to remember. */
export function withheldText(records: ReadonlyMap<KeyText, Withheld>): string | undefined {
  if (records.size === 0) return undefined
  return stableStringify(Object.fromEntries([...records].sort(([a], [b]) => compareBytes(a, b))))
}

/** Live as it should be: with what it refuses in place. */
export function asMeant(live: Records, withheld: ReadonlyMap<KeyText, Withheld>): Records {
  const records = new Map(live)
  for (const [key, { meant }] of withheld) setRecord(records, key, meant)
  return records
}
