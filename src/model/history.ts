/** The history of one record as the merge rule reads it: the commits, who made them and when, and what each commit's file says of the record. `git` and the tests provide it. */
import type { RecordText } from './canonical.ts'

/** One commit. Times are in milliseconds since 1970, and `since` is smaller than `at`. */
export interface HistoryCommit {
  readonly id: string
  readonly parents: readonly string[]
  /** The greatest clock among the parents (`since`), and the commit's own clock (`at`). */
  readonly since: number
  readonly at: number
  readonly asset: string
  /** The id in the data commit's message, which its copies (rebase, amend, cherry-pick) keep; undefined for other commits. */
  readonly exportId: string | undefined
  /** The export ids of the data commits that a squash put together; empty for every other commit. */
  readonly quoted: readonly string[]
  /** True when the commit says that a merge before it dropped something of this record on purpose. Only counts while the commit is on the parent that it names. */
  readonly accepts: boolean
}

/** Every answer depends on the commits alone, so it is the same on every machine. */
export interface RecordHistory {
  commit(id: string): HistoryCommit
  /** The record in the committed file; undefined when the file does not have it. */
  content(id: string): RecordText | undefined
  /** True when the committed file is known to be what the merge rule gives: the commit is a complete export of a live database that had taken in everything before it. Its ancestors then need not be looked at. */
  isSettled(id: string): boolean
  /** The commits `of` and all their ancestors, without the commits `without` and their ancestors; in any order. */
  region(of: readonly string[], without: readonly string[]): readonly string[]
  /** True when `ancestor` is `id` itself or one of its ancestors. */
  isAncestor(ancestor: string, id: string): boolean
  /** Commits that `of` has in its history and `known` has not, and of which `known` has copies (rebase, amend, cherry-pick, squash) → these copies. */
  copies(of: string, known: string): ReadonlyMap<string, readonly string[]>
  /** All merge bases, in the same order on every machine. */
  bases(a: string, b: string): readonly string[]
}
