/** What is to be written into a database: changes per collection, and the sync state that is written in the same transaction. Plain data; adapters perform it. */
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
  /** Afterwards the key names another record. Omitted fields of the old record are not kept for the new one, and a row outside the plan that refers to the key makes the plan stale. */
  readonly reassigned?: true
  /** The record had this key before; another change of the plan writes that key. Its omitted fields move along to the new key. */
  readonly from?: KeyText
  /** Nothing is written: the plan only requires that the record is still what it was. */
  readonly witness?: true
  /** It refers to a record that no side of the merge ever had: somewhere a database took it so, because it does not enforce the reference. Its parents are not asked for. */
  readonly dangling?: true
}

/** Puts `text` under a key; undefined removes the key. */
export function setRecord(records: Map<KeyText, RecordText>, key: KeyText, text: RecordText | undefined): void {
  if (text === undefined) records.delete(key)
  else records.set(key, text)
}

/** A copy of the records with the changes carried out. */
export function afterChanges(
  records: ReadonlyMap<KeyText, RecordText>,
  changes: Iterable<Change>,
): Map<KeyText, RecordText> {
  const after = new Map(records)
  for (const change of changes) setRecord(after, change.key, change.after)
  return after
}

/** The changes to one collection. */
export interface CollectionChanges {
  readonly selection: Selection
  readonly changes: readonly Change[]
}

/** All records of a collection whose table is empty, to be written as a whole. */
export interface CollectionLoad {
  readonly selection: Selection
  /** Reads the records from the first, in batches; may be called several times. So that a table of any size takes little memory, nobody keeps what it returns. */
  readonly records: () => AsyncIterable<readonly LiveRecord[]>
  /** The name and text to be stored with it for the engine's mark of the moment at which the table holds just these records. Engines without marks never call it. */
  readonly marked?: (mark: string) => readonly [name: string, text: string]
}

/** Named texts that the tool keeps inside the database (sync point, binding, candidate). `undefined`: absent, or to be removed. */
export type StateChanges = ReadonlyMap<string, string | undefined>

/** Everything that one transaction writes. The plan is stale when an entry of `expectedState` is no longer what the database holds. */
export interface ApplyPlan {
  /** Reviewed additions to the structure. The selections of `collections` describe the structure with these additions made. */
  readonly structure?: readonly SchemaChange[]
  readonly collections: readonly CollectionChanges[]
  /** Tables to be filled; the plan is stale when one of them is no longer empty. None of them is among `collections`. */
  readonly loads?: readonly CollectionLoad[]
  readonly state: StateChanges
  readonly expectedState: StateChanges
}

/**
 * The outcome of a plan. `stale`: a record of the plan, a row that refers to one, or the state is no longer what was read; nothing was written, and the caller must read and merge again.
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
      /** Further records that were refused in the same attempt; the database may refuse more in the next one. */
      readonly others?: readonly RefusedRecord[]
    }

/** A record that a constraint refused. */
export interface RefusedRecord {
  readonly collection: string
  readonly key: KeyText
  readonly constraint: string
}

/** Numbers of records added (`+`), changed (`~`) and removed (`-`). */
export interface ChangeCount {
  readonly added: number
  readonly changed: number
  readonly removed: number
}

/** How many records the changes add, change and remove; a change that leaves its record as it was is not counted. */
export function countOf(all: readonly Change[]): ChangeCount {
  const changes = all.filter(({ before, after }) => before !== after)
  const added = changes.filter((change) => change.before === undefined).length
  const removed = changes.filter((change) => change.after === undefined).length
  return { added, removed, changed: changes.length - added - removed }
}
