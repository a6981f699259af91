/** The data of a merge report. Every merge makes one; the other files of this folder print it for people and for programs. */
import { compareBytes } from '../model/canonical.ts'
import type { Decision, MergeCounts } from '../model/decision.ts'

/** `PARTIAL`: some records were refused by the database or have no place, and are in quarantine; everything else was merged. */
export type MergeStatus = 'SUCCESS' | 'PARTIAL' | 'HELD' | 'FAILED'

/** A collection's counts; `before` and `after` are the numbers of live records before and after the merge. */
export interface CollectionCounts extends MergeCounts {
  readonly before: number
  readonly after: number
}

/** A collection that was not merged, and why. */
export interface HeldCollection {
  readonly collection: string
  readonly reason: string
}

/** The report of one merge. */
export interface MergeReport {
  readonly version: 1
  readonly source: string
  /** The database's name, never its URL. */
  readonly database: string
  /** The asset (machine) that merged. */
  readonly asset: string
  /** ISO 8601, UTC. */
  readonly time: string
  /** Commit ids, or `live` for the database itself; `base` is undefined when two copies of a database were joined. */
  readonly base: string | undefined
  readonly ours: string
  readonly theirs: string
  /** Where a side's records can be read when the side itself is no commit: the safety snapshot of a live side. */
  readonly oursAt?: string | undefined
  readonly theirsAt?: string | undefined
  readonly status: MergeStatus
  readonly collections: Readonly<Record<string, CollectionCounts>>
  readonly held: readonly HeldCollection[]
  readonly decisions: readonly Decision[]
}

/** The collections of a report with their counts, sorted by name (bytes). */
export function collectionsOf(report: MergeReport): [name: string, counts: CollectionCounts][] {
  return Object.entries(report.collections).sort(([a], [b]) => compareBytes(a, b))
}

/** Sums over the collections of a report. */
export interface Totals {
  /** Live records after the merge. */
  readonly records: number
  /** Records that had a conflict. */
  readonly conflicts: number
}

/** The sums over all collections of the report. */
export function totalsOf(report: MergeReport): Totals {
  let [records, conflicts] = [0, 0]
  for (const counts of Object.values(report.collections)) {
    records += counts.after
    conflicts += counts.conflicts
  }
  return { records, conflicts }
}

/** How many records the merge could not place: they are in quarantine, or (a deletion that the database refused) still in live. */
export function unplacedIn(decisions: readonly Decision[]): number {
  const unplaced = decisions.filter(
    ({ kind, rule }) => kind === 'quarantine' || rule === 'quarantined' || rule === 'refused',
  )
  return new Set(unplaced.map(({ collection, key }) => `${collection} ${key}`)).size
}
