/** Outcomes and errors that applying in a transaction and applying under the journal have in common. */
import type { ApplyOutcome } from '../../model/change.ts'
import { UndoneError } from '../../model/errors.ts'
import { type DifferingDocument, differingFields } from './write.ts'

/** The outcome `stale` for a state text that is not what the plan expects. */
export function staleState(name: string): ApplyOutcome {
  return { status: 'stale', reason: `the state ${name} was changed in the meantime` }
}

/** The error for a server that stores another value than it is given. MongoDB does not do that, but some servers that speak its protocol do. */
export function alteredByServer({ handle, write, live }: DifferingDocument): UndoneError {
  const fields = live && write.after ? differingFields(write.after, live).join(', ') : ''
  const where = `source ${handle.connection.source}: ${handle.collection} ${write.key}`
  return new UndoneError(`${where}: the server stores ${fields} in another form; nothing was changed`, {
    hint: 'this server cannot hold that value: leave the field out with "omit", or use a server that can',
  })
}
