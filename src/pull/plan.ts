/** What a pull plans: the options it is asked with, and the plan as plain data. Types only. */
import type { Consent } from '../model/consent.ts'
import type { Change, CollectionChanges, StateChanges } from '../model/change.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import type { Records } from '../model/records.ts'
import type { MergeReport } from '../report/report.ts'
import type { Holds } from '../source/holds.ts'
import type { MergeablePast } from '../sync-point/past.ts'

export interface StoredReport {
  /** Path of the Markdown from the root; the JSON stands beside it. */
  readonly path: string
  readonly report: MergeReport
  /** For the terminal. */
  readonly lines: readonly string[]
}

export interface PlanOptions {
  readonly head: string
  readonly consent: Consent
  /** Collections that the database refused in an earlier attempt. */
  readonly refused: Holds
  /** Read all of every collection, also where marks tell what was written. */
  readonly whole?: boolean
}

/** What came, or is to come, of one collection whose exports had moved on, or that was drawn in by one that had. */
export interface CollectionOutcome {
  readonly name: string
  readonly past: MergeablePast
  readonly before: Records
  readonly changes: readonly Change[]
  /** The number of records that came as a whole, because the table was empty (load-empty.ts); they are not among `changes`. */
  readonly loaded?: number
  readonly decisions: readonly Decision[]
}

export interface ReconcilePlan {
  /** Too much for a hook to wait for: nothing was written, a run in the background does it. */
  readonly deferred?: true
  readonly head: string
  readonly outcomes: readonly CollectionOutcome[]
  readonly holds: Holds
  /** Records to set aside with what is applied: kept in the database by the same transaction, carried by the next data commit. */
  readonly quarantined: readonly Quarantined[]
  /** Records that leave the quarantine, since they are placed now. */
  readonly released: readonly Quarantined[]
  readonly changes: readonly CollectionChanges[]
  readonly state: StateChanges
  readonly expected: StateChanges
  /** The state texts that the plan was made from. */
  readonly read: ReadonlyMap<string, string>
  /** What was said of it, once it has come to pass. */
  readonly report?: StoredReport | undefined
}
