/** Lets synchronous code look things up in git. A look-up answers from what was read before; if that is not enough it throws NotRead, more is read, and the code runs again. */
import { TandemError } from '../../model/errors.ts'

/** Thrown by a look-up that cannot be answered yet; `read` reads what it needs. `complete` catches it. */
export class NotRead extends TandemError {
  readonly read: () => Promise<void>

  constructor(what: string, read: () => Promise<void>) {
    super({ code: 'not-read', exitCode: 1 }, `${what} was not read`)
    this.read = read
  }
}

/**
 * Runs `work` until all of its look-ups are answered, and returns its result. `work` may run many times, so it must have no other effect. It ends: what was read is not asked for again.
 * @throws NotRead when reading did not help, or what `work` throws
 */
export async function complete<Made>(work: () => Made): Promise<Made> {
  let asked: string | undefined
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof NotRead) || error.message === asked) throw error
      asked = error.message
      await error.read()
    }
  }
}
