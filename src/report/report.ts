/** What a merge report holds: plain data, built by whoever merged, printed for people and programs by the other files of this room. */
import { compareBytes } from '../model/canonical.ts'
import type { Decision, MergeCounts } from '../model/decision.ts'

export type MergeStatus = 'SUCCESS' | 'HELD' | 'FAILED'

/** A collection's counts; `before` and `after` are the live records before and after the merge. */
export interface CollectionCounts extends MergeCounts {
  readonly before: number
  readonly after: number
}

export interface HeldCollection {
  readonly collection: string
  readonly reason: string
}

export interface MergeReport {
  readonly version: 1
  readonly source: string
  /** The database's name, never its URL. */
  readonly database: string
  /** The machine that merged. */
  readonly asset: string
  /** ISO 8601, UTC. */
  readonly time: string
  /** Commit ids, or `live` for the database itself. No base: two copies were joined. */
  readonly base: string | undefined
  readonly ours: string
  readonly theirs: string
  /** A commit or ref that holds a side's records for good, where that is not `ours` or `theirs` itself: the safety snapshot of a live side. */
  readonly oursAt?: string | undefined
  readonly theirsAt?: string | undefined
  readonly status: MergeStatus
  readonly collections: Readonly<Record<string, CollectionCounts>>
  readonly held: readonly HeldCollection[]
  readonly decisions: readonly Decision[]
}

/** The collections of a report by name (bytes). */
export function collectionsOf(report: MergeReport): [name: string, counts: CollectionCounts][] {
  return Object.entries(report.collections).sort(([a], [b]) => compareBytes(a, b))
}

export interface Totals {
  /** Live records after the merge. */
  readonly records: number
  /** Records that had a conflict. */
  readonly conflicts: number
}

/** Sums over all collections. */
export function totalsOf(report: MergeReport): Totals {
  let [records, conflicts] = [0, 0]
  for (const counts of Object.values(report.collections)) {
    records += counts.after
    conflicts += counts.conflicts
  }
  return { records, conflicts }
}
