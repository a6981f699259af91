/** How the two ways of applying say what came of it. Separate because both, with and without transactions, must say it alike. */
import type { ApplyOutcome } from '../../model/change.ts'
import { UndoneError } from '../../model/errors.ts'
import { differingFields, type Difference } from './perform.ts'
import type { CollectionWrites } from './prepare.ts'

/** Every write is done: the counts. */
export function applied(prepared: readonly CollectionWrites[]): ApplyOutcome {
  const writes = prepared.flatMap((collection) => collection.writes)
  const deleted = writes.filter(({ after }) => after === undefined).length
  const inserted = writes.filter(({ before }) => before === undefined).length
  return { status: 'applied', inserted, updated: writes.length - inserted - deleted, deleted }
}

/** A state text is not what the plan expects. */
export function staleState(name: string): ApplyOutcome {
  return { status: 'stale', reason: `the state ${name} was changed in the meantime` }
}

/** The server stores something else than it is given (never MongoDB itself; some that speak its protocol do). */
export function altered({ place, write, live }: Difference): UndoneError {
  const fields = live && write.after ? differingFields(write.after, live).join(', ') : ''
  const where = `${place.connection.source}: ${place.collection} ${write.key}`
  return new UndoneError(`${where}: the server stores ${fields} in another form; nothing was changed`, {
    hint: 'this server cannot hold that value: leave the field out with "omit", or use a server that can',
  })
}
