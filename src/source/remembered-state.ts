/**
 * An adapter that reads the tool's state in the database once and then remembers it. While a run holds the database's lock nobody else writes that state, and this run's own
 * writes all pass through here. Every write still names what it expects, so the database refuses a write that is based on an outdated memory, and the state is read again.
 */
import type { Adapter } from '../adapters/adapter.ts'
import type { StateChanges } from '../model/change.ts'
import { setRecord } from '../model/change.ts'

type StateTexts = ReadonlyMap<string, string>

export interface RememberingAdapter extends Adapter {
  /** The next `readState` asks the database again. */
  forgetState(): void
}

/** Wraps an adapter so that it remembers the tool's state. After an error or a refused write the state is read again. */
export function rememberingState(adapter: Adapter): RememberingAdapter {
  let known: Promise<StateTexts> | undefined
  const forget = (): void => {
    known = undefined
  }
  const remember = (state: StateTexts): void => {
    known = Promise.resolve(state)
  }
  const forgetOnError = async <Result>(work: Promise<Result>): Promise<Result> =>
    work.catch((error: unknown) => {
      forget()
      throw error
    })
  const wrapped = (inner: Adapter): Adapter => ({
    ...inner,
    readState: () => (known ??= forgetOnError(inner.readState())),
    writeState: async (changes, expected) => {
      const isWritten = await forgetOnError(inner.writeState(changes, expected))
      if (isWritten && known !== undefined) remember(changed(await known, changes))
      else forget()
      return isWritten
    },
    snapshot: (read) =>
      inner.snapshot((snapshot) => {
        remember(snapshot.state)
        return read(snapshot)
      }),
    apply: async (plan) => {
      const outcome = await forgetOnError(inner.apply(plan))
      if (outcome.status === 'applied' && known !== undefined) remember(changed(await known, plan.state))
      else forget()
      return outcome
    },
    exclusively: (collections, work) => {
      forget()
      return forgetOnError(inner.exclusively(collections, (alone) => work(wrapped(alone))))
    },
    dropState: async () => {
      forget()
      await inner.dropState()
    },
  })
  return { ...wrapped(adapter), forgetState: forget }
}

function changed(state: StateTexts, changes: StateChanges): StateTexts {
  const now = new Map(state)
  for (const [name, text] of changes) setRecord(now, name, text)
  return now
}
