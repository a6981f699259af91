/** What to say when the database did not take a plan that a person asked for: nothing was written, and why. */
import type { ApplyOutcome } from '../../model/change.ts'
import { GuardError, LockedError, type TandemError } from '../../model/errors.ts'
import type { Source } from '../source.ts'

/** An error for a plan that is not made again by itself. */
export function refusedWords(source: Source, outcome: Exclude<ApplyOutcome, { status: 'applied' }>): TandemError {
  if (outcome.status === 'stale')
    return new LockedError(`source ${source.source}: ${outcome.reason}; nothing was written`, { hint: 'Try again.' })
  const { collection, key = '', constraint, message } = outcome
  return new GuardError(
    `${source.source}/${collection}: record ${key} violates ${constraint}; nothing was written (${message})`,
  )
}
