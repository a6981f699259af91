/** Look-ups that answer at once from what was read, so that pure code can ask them; what they miss is read, and the work is done again. */
import { TandemError } from '../model/errors.ts'

/** A look-up that cannot be answered yet, and how to read what it needs. Never seen by a caller of `complete`. */
export class NotRead extends TandemError {
  readonly read: () => Promise<void>

  constructor(what: string, read: () => Promise<void>) {
    super({ code: 'not-read', exitCode: 1 }, `${what} was not read`)
    this.read = read
  }
}

/** Runs `work` again and again until every look-up of it is answered. `work` may have no effects but its answer. */
export async function complete<Made>(work: () => Made): Promise<Made> {
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof NotRead)) throw error
      await error.read()
    }
  }
}
