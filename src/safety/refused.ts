/** The error for a plan of a person's (undo, restore, …) that the database refused: it says that nothing was written, and why. */
import type { ApplyOutcome } from '../model/change.ts'
import { GuardError, LockedError, type TandemError } from '../model/errors.ts'
import type { Source } from '../source/source.ts'

/** The error to throw: LockedError when the database changed meanwhile, GuardError when a record violates a constraint. */
export function refusedWords(source: Source, outcome: Exclude<ApplyOutcome, { status: 'applied' }>): TandemError {
  if (outcome.status === 'stale')
    return new LockedError(`source ${source.source}: ${outcome.reason}; nothing was written`, { hint: 'Try again.' })
  const { collection, key = '', constraint, message } = outcome
  return new GuardError(
    `${source.source}/${collection}: record ${key} violates ${constraint}; nothing was written (${message})`,
  )
}
