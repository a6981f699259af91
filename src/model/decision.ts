/** What a merge decided, one entry for every value that lost or every record it had to think about. Reports are built from these; nothing else explains a merge. */
import type { KeyText, ValueText } from './canonical.ts'

export type DecisionKind =
  | 'edit-edit'
  | 'edit-delete'
  | 'add-add'
  | 'duplicate'
  | 'key-collision'
  | 'constraint'
  | 'quarantine'
  | 'merge-dropped'
  | 'hand-resolved'

/** Which clear rule chose: by time, by filled fields, by name of the asset, by value bytes, the written record kept over the delete, … */
export type DecisionRule =
  | 'newest'
  | 'most-complete'
  | 'asset'
  | 'bytes'
  | 'keep'
  | 'set-union'
  | 'keyed'
  | 'counter'
  | 'first-committed'
  | 'rekeyed'
  | 'duplicate'
  | 'held'
  | 'decided'
  | 'accepted'
  | 'quarantined'
  | 'no-parent'
  | 'refused'

export interface Decision {
  readonly collection: string
  readonly key: KeyText
  /** Field or path (`profile.city`); several names joined by ` + ` for a critical group; undefined when the whole record was decided. */
  readonly field: string | undefined
  readonly kind: DecisionKind
  /**
   * `undefined` where the value, or the record, is absent. A whole record stands as its record text. Of a record that lost its key, `base` is what ours was when it was
   * added, where it was written since.
   */
  readonly base: ValueText | undefined
  readonly ours: ValueText | undefined
  readonly theirs: ValueText | undefined
  readonly chosen: ValueText | undefined
  readonly rule: DecisionRule
  /** Of a record that lost its key: the machine that added ours. */
  readonly addedBy?: string | undefined
}

/** Counts of one collection in a merge, in records. */
export interface MergeCounts {
  /** Keys only ours had / only theirs had / both had, before the merge. */
  readonly oursOnly: number
  readonly theirsOnly: number
  readonly common: number
  /** Records that the merge changed in ours. */
  readonly changed: number
  readonly conflicts: number
  /** Records after the merge. */
  readonly result: number
}
