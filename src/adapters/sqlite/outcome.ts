/** How a plan ends before it is done: an error that carries the outcome out of the transaction, so that it is rolled back on the way. */
import type { KeyText } from '../../model/canonical.ts'
import type { ApplyOutcome, RefusedRecord as Refused } from '../../model/change.ts'
import { sqliteCode } from './connect.ts'

/** Thrown inside the transaction, caught by `applyPlan`; never leaves the adapter. */
export class RefusedPlan extends Error {
  readonly outcome: ApplyOutcome

  constructor(outcome: ApplyOutcome) {
    super(outcome.status)
    this.outcome = outcome
  }
}

/** The plan was made from data that is no longer there. */
export function stale(reason: string): RefusedPlan {
  return new RefusedPlan({ status: 'stale', reason })
}

/** Which record a constraint refused. */
export interface RefusedRecord {
  readonly collection: string
  readonly key: KeyText
}

export function violation(record: RefusedRecord, constraint: string, message: string): RefusedPlan {
  return new RefusedPlan({ status: 'violation', ...record, constraint, message })
}

/** Records that were refused, with the database's words for each; a plan with any is rolled back whole. */
export type Refusals = (Refused & { readonly message: string })[]

/** Runs one write; a constraint that refuses it is noted with the record, and the next write may be tried: only this statement was undone. */
export function writing(record: RefusedRecord, refusals: Refusals, write: () => void): void {
  try {
    write()
  } catch (error) {
    const code = sqliteCode(error)
    if (!(error instanceof Error) || code === undefined || !/^SQLITE_(CONSTRAINT|MISMATCH)/.test(code)) throw error
    const message = `${record.collection} ${record.key}: ${error.message}`
    refusals.push({ ...record, constraint: constraintOf(error.message), message })
  }
}

/** @throws RefusedPlan when there is any refusal */
export function refuse([first, ...others]: Refusals): void {
  if (first === undefined) return
  const more = others.map(({ collection, key, constraint }) => ({ collection, key, constraint }))
  throw new RefusedPlan({ status: 'violation', ...first, ...(more.length > 0 ? { others: more } : {}) })
}

/** `UNIQUE constraint failed: people.email` → `UNIQUE people.email`; a STRICT column that refuses a value is called `TYPE`. */
function constraintOf(message: string): string {
  const parts = /^(.*?) constraint failed: (.*)$/s.exec(message)
  return parts === null ? `TYPE ${message}` : `${parts[1]} ${parts[2]}`
}
