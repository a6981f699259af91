/**
 * How SQLite and PostgreSQL end a plan that cannot be applied: an error carries the outcome out of the transaction, so that the transaction is rolled back on the
 * way, and `applyPlan` returns the outcome. (MongoDB has to undo its writes by itself first, so it returns the outcome without throwing.)
 */
import type { ApplyOutcome, RefusedRecord } from '../model/change.ts'

/** Thrown inside the transaction of a plan and caught by the engine's `applyPlan`; it never leaves the adapter. */
export class RefusedPlan extends Error {
  readonly outcome: ApplyOutcome

  constructor(outcome: ApplyOutcome) {
    super(outcome.status)
    this.outcome = outcome
  }
}

/** To be thrown when the plan was made from data that is no longer there. @param reason for people, with collection and key */
export function stale(reason: string): RefusedPlan {
  return new RefusedPlan({ status: 'stale', reason })
}

/** A record that a constraint refused; the key is undefined where the database does not tell which record it was. `message`: for people, mostly the database's own words. */
export interface RefusedConstraint extends Omit<RefusedRecord, 'key'> {
  readonly key: RefusedRecord['key'] | undefined
  readonly message: string
}

/** To be thrown when a constraint of the database refuses a record. `others`: more records that were refused in the same attempt. */
export function violation(first: RefusedConstraint, others: readonly RefusedRecord[] = []): RefusedPlan {
  return new RefusedPlan({ status: 'violation', ...first, ...(others.length > 0 ? { others } : {}) })
}
