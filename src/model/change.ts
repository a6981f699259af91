/** What is to be done to a database: changes per collection and the sync state that goes into the same transaction. Plain data; adapters perform it. */
import type { KeyText, RecordText } from './canonical.ts'
import type { Selection } from './collection.ts'
import type { SchemaChange } from './schema-change.ts'

/** A record of a live database, as an export would hold it. */
export interface LiveRecord {
  readonly key: KeyText
  readonly text: RecordText
}

/** Before and after for one key: insert (`before` undefined), delete (`after` undefined) or update. `before` is what live must still hold when it is applied. */
export interface Change {
  readonly key: KeyText
  readonly before: RecordText | undefined
  readonly after: RecordText | undefined
  /** Afterwards the key names another record: what is not exported does not pass on to it, and a row outside the plan that refers to the key makes the plan stale. */
  readonly reassigned?: true
  /** The record had this key before, which another change takes from it: what is not exported moves along. */
  readonly from?: KeyText
  /** Nothing changes: the record must only still be what it was when all else is written. */
  readonly witness?: true
}

/** The record under a key becomes `text`; undefined: there is none. */
export function setRecord(records: Map<KeyText, RecordText>, key: KeyText, text: RecordText | undefined): void {
  if (text === undefined) records.delete(key)
  else records.set(key, text)
}

/** Records after changes. */
export function afterChanges(
  records: ReadonlyMap<KeyText, RecordText>,
  changes: Iterable<Change>,
): Map<KeyText, RecordText> {
  const after = new Map(records)
  for (const change of changes) setRecord(after, change.key, change.after)
  return after
}

export interface CollectionChanges {
  readonly selection: Selection
  readonly changes: readonly Change[]
}

/** Named texts that the tool keeps inside the database (sync point, binding, candidate). `undefined` means absent, or: remove. */
export type StateChanges = ReadonlyMap<string, string | undefined>

/** Everything one transaction writes. `expectedState` entries must still be so, else the plan is stale. */
export interface ApplyPlan {
  /** Additions to the structure that somebody reviewed; the selections are those after them. */
  readonly structure?: readonly SchemaChange[]
  readonly collections: readonly CollectionChanges[]
  readonly state: StateChanges
  readonly expectedState: StateChanges
}

/**
 * What came of a plan. `stale`: a touched record, a referencing row or the state is no longer what was read; nothing was written, read and merge again.
 * `violation`: the database refused a record by a constraint the merge cannot see (check, exclusion, partial unique …); nothing was written.
 */
export type ApplyOutcome =
  | { readonly status: 'applied'; readonly inserted: number; readonly updated: number; readonly deleted: number }
  | { readonly status: 'stale'; readonly reason: string }
  | {
      readonly status: 'violation'
      readonly collection: string
      readonly key: KeyText | undefined
      readonly constraint: string
      readonly message: string
      /** Records that were refused in the same attempt; there may be more. */
      readonly others?: readonly RefusedRecord[]
    }

/** A record that a constraint refused. */
export interface RefusedRecord {
  readonly collection: string
  readonly key: KeyText
  readonly constraint: string
}
