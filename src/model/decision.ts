/** What a merge decided: one entry for every value that lost, and for every record as a whole that a rule had to decide about. Reports are built from these alone. */
import type { KeyText, ValueText } from './canonical.ts'

/** What happened on the two sides. src/report/words.ts says of each kind in one sentence what it means. */
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

/** The rule that decided. src/report/words.ts says of each rule in one sentence what it means. */
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
  | 'no-place'
  | 'refused'

/** One decision: the value of a field, or a whole record, on both sides and after the merge. */
export interface Decision {
  readonly collection: string
  readonly key: KeyText
  /** Field or path (`profile.city`); several names joined by ` + ` for a critical group; undefined when the whole record was decided. */
  readonly field: string | undefined
  readonly kind: DecisionKind
  /**
   * `base`, `ours`, `theirs` and `chosen` are undefined where the value, or the record, is absent. A whole record is given as its record text. When a record of ours lost its
   * key and was edited since it was added, `base` is the record as it was added.
   */
  readonly base: ValueText | undefined
  readonly ours: ValueText | undefined
  readonly theirs: ValueText | undefined
  readonly chosen: ValueText | undefined
  readonly rule: DecisionRule
  /** Set when a record of ours lost its key: the asset that added it. */
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
