/** Records that a constraint of SQLite refuses while a plan is written. All writes are tried, so that one attempt finds as many of these records as it can. */
import type { RefusedRecord } from '../../model/change.ts'
import { violation } from '../refused-plan.ts'
import { sqliteCode } from './connect.ts'

/** The record that a write concerns. */
export type WrittenRecord = Pick<RefusedRecord, 'collection' | 'key'>

/** A record that was refused, with the database's words. A plan with any refusal is rolled back as a whole. */
export interface WriteRefusal extends RefusedRecord {
  readonly message: string
}

/**
 * Runs one write. If a constraint refuses it, that is added to `refusals` and the function returns: SQLite has undone this one statement, so the next can be tried.
 * @throws every other error of SQLite as it is
 */
export function notingRefusal(record: WrittenRecord, refusals: WriteRefusal[], write: () => void): void {
  try {
    write()
  } catch (error) {
    const code = sqliteCode(error)
    if (!(error instanceof Error) || code === undefined || !/^SQLITE_(CONSTRAINT|MISMATCH)/.test(code)) throw error
    const message = `${record.collection} ${record.key}: ${error.message}`
    refusals.push({ ...record, constraint: constraintOf(error.message), message })
  }
}

/** @throws RefusedPlan with outcome `violation` when there is any refusal */
export function refusePlan([first, ...others]: readonly WriteRefusal[]): void {
  if (first === undefined) return
  throw violation(
    first,
    others.map(({ collection, key, constraint }) => ({ collection, key, constraint })),
  )
}

/** `UNIQUE constraint failed: people.email` → `UNIQUE people.email`; a STRICT column that refuses a value is called `TYPE`. */
function constraintOf(message: string): string {
  const parts = /^(.*?) constraint failed: (.*)$/s.exec(message)
  return parts === null ? `TYPE ${message}` : `${parts[1]} ${parts[2]}`
}
