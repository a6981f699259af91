/** The input of re-keying: the collections around a collision, their merged changes, and the lines of history on which two records got the same key. Plain data. */
import type { Records } from '../../model/records.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Reference } from '../../model/collection.ts'
import type { MergeRules } from '../../model/rules.ts'

/** Where a field's new value comes from. `drawn`: a new number; `given`: the number that another machine gave the record; `parent`: a field of the record that is referred to. */
export type FieldSource =
  | { readonly kind: 'drawn' }
  | { readonly kind: 'given'; readonly place: GivenKey }
  | { readonly kind: 'parent'; readonly parent: Follower; readonly field: string }

/** A live record that is changed: it gets a new key, or refers to a record that does. */
export interface Follower {
  readonly collection: string
  /** Its key in live. */
  readonly key: KeyText
  readonly record: RecordText
  /** The line of history on which the collision came about: a position in `RekeyingWorld.lines`. */
  readonly line: number
  /** True when HEAD has another record under this key, which keeps it; live's record moves to a new key. */
  readonly splits: boolean
  /** The fields that get new values. */
  readonly fields: ReadonlyMap<string, FieldSource>
}

/** A live record that lost its key to HEAD's record. */
export interface DisplacedRecord {
  readonly key: KeyText
  readonly record: RecordText
  /** The line of history that brought HEAD's record: a position in `RekeyingWorld.lines`. */
  readonly line: number
}

/** The key that another machine gave to a record that loses its key here too, and the record as it was added, with that key. */
export interface GivenKey {
  readonly key: KeyText
  readonly record: RecordText
}

/** A collection with a collision, or one that refers to such a collection, directly or over others. */
export interface WorldCollection {
  readonly rules: MergeRules
  /** Declared and configured references. */
  readonly references: readonly Reference[]
  readonly live: Records
  /** The records at HEAD. */
  readonly head: Records
  /** The changes to live that the merge of this collection makes, by key. */
  readonly changes: ReadonlyMap<KeyText, Change>
  readonly moved: readonly DisplacedRecord[]
  /** Key in live → the key that another machine has given to this record already. */
  readonly given: ReadonlyMap<KeyText, GivenKey>
}

/** Two lines of history: the records where they parted (`base`), and those on the line that live does not come from (`theirs`). A child that only live's side has refers to live's parent. */
export interface Line {
  readonly base: ReadonlyMap<string, Records>
  readonly theirs: ReadonlyMap<string, Records>
}

/** Everything that re-keying looks at. */
export interface RekeyingWorld {
  readonly collections: ReadonlyMap<string, WorldCollection>
  readonly lines: readonly Line[]
}
