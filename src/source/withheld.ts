/**
 * Withheld records: records of the exports that this database refuses because of a constraint. Live keeps its own record, and until the constraint is satisfied the difference is
 * neither exported as an edit or deletion nor applied. They are remembered in the database itself, so that a restored copy of it brings its own list along.
 */
import stableStringify from 'fast-json-stable-stringify'
import { sameContent } from '../merge/versions.ts'
import { type KeyText, type RecordText, asciiJson, compareBytes } from '../model/canonical.ts'
import { setRecord } from '../model/change.ts'
import type { Records } from '../model/records.ts'
import type { MergeRules } from '../model/rules.ts'

export interface Withheld {
  /** The record that live held when the other was refused; undefined when it had none. */
  readonly own: RecordText | undefined
  /** The record that live should hold, and that exports continue to have; undefined when it should be deleted. */
  readonly meant: RecordText | undefined
  /** The constraint that refused it. */
  readonly constraint: string
}

/** Collection → key → the withheld record. */
export type WithheldRecords = ReadonlyMap<string, ReadonlyMap<KeyText, Withheld>>

const ENTRY = 'withheld/'

/** The name of a collection's entry in the tool's state. */
export function withheldName(collection: string): string {
  return `${ENTRY}${collection}`
}

/** Reads the withheld records of all collections from the tool's state texts. */
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

/** The text of a collection's state entry; undefined when nothing is withheld. */
export function withheldText(records: ReadonlyMap<KeyText, Withheld>): string | undefined {
  if (records.size === 0) return undefined
  return asciiJson(stableStringify(Object.fromEntries([...records].sort(([a], [b]) => compareBytes(a, b)))))
}

/** A copy of the live records in which each withheld record stands as it should be. */
export function asMeant(live: Records, withheld: ReadonlyMap<KeyText, Withheld>): Records {
  const records = new Map(live)
  for (const [key, { meant }] of withheld) setRecord(records, key, meant)
  return records
}

/** The withheld records that live really lacks, or has otherwise. One that somebody put in place meanwhile is not among them. */
export function lackedHere(
  actual: Records,
  withheld: ReadonlyMap<KeyText, Withheld> | undefined,
  rules: MergeRules,
): ReadonlyMap<KeyText, Withheld> {
  return new Map([...(withheld ?? [])].filter(([key, { meant }]) => !sameContent(actual.get(key), meant, rules)))
}

/** The reason that stands in the quarantine beside a record that a database refuses. */
export function refusedReason(constraint: string): string {
  return `a database refuses it: ${constraint}`
}
