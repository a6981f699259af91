/** How a plan ends before it is done: an error that carries the outcome out of the transaction, so that it is rolled back on the way. */
import type { KeyText } from '../../model/canonical.ts'
import type { ApplyOutcome } from '../../model/change.ts'
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

/** Runs one write; a constraint that refuses it becomes a violation that names the record. */
export function writing(record: RefusedRecord, write: () => void): void {
  try {
    write()
  } catch (error) {
    const code = sqliteCode(error)
    if (!(error instanceof Error) || code === undefined || !/^SQLITE_(CONSTRAINT|MISMATCH)/.test(code)) throw error
    throw violation(record, constraintOf(error.message), `${record.collection} ${record.key}: ${error.message}`)
  }
}

/** `UNIQUE constraint failed: people.email` → `UNIQUE people.email`; a STRICT column that refuses a value is called `TYPE`. */
function constraintOf(message: string): string {
  const parts = /^(.*?) constraint failed: (.*)$/s.exec(message)
  return parts === null ? `TYPE ${message}` : `${parts[1]} ${parts[2]}`
}
