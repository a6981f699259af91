/** The history of one record as the merge rule reads it: commits, who wrote when, and what the files said. Plain data and look-ups; `git` and tests provide it. */
import type { RecordText } from './canonical.ts'

/** One commit; times in milliseconds, since < at. */
export interface HistoryCommit {
  readonly id: string
  readonly parents: readonly string[]
  /** The greatest clock among the parents, and this commit's own. */
  readonly since: number
  readonly at: number
  readonly asset: string
  /** What a data commit and its copies (rebase, amend, cherry-pick) have in common. */
  readonly exportId: string | undefined
  /** The ids of the data commits that a squash put together. */
  readonly quoted: readonly string[]
  /** The commit says that what a merge dropped of this record is meant so, and still stands on the parent it said it of. */
  readonly accepts: boolean
}

/** Every look-up is a function of the commits alone. */
export interface RecordHistory {
  commit(id: string): HistoryCommit
  /** What the committed file says of the record; undefined when it has none. */
  content(id: string): RecordText | undefined
  /** The file is known to say what is so: a whole export of a live database that held everything before it. Nothing below has to be looked at. */
  isSettled(id: string): boolean
  /** The commits in the history of `of`, themselves included, that are in no history of `without`; in any order. */
  region(of: readonly string[], without: readonly string[]): readonly string[]
  /** True when `ancestor` is `id` or in its history. */
  isAncestor(ancestor: string, id: string): boolean
  /** All merge bases, in a fixed order. */
  bases(a: string, b: string): readonly string[]
}
