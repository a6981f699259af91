/** What every engine's test database is made of: adapters opened as the program opens them, all closed before the database goes. */
import type { Adapter } from '../../src/adapters/adapter.ts'
import { openAdapter } from '../../src/adapters/open.ts'
import type { ContractDatabase, Statements } from './fixture.ts'

/** Opens an adapter as the program does. */
export async function openAsProgram(url: string): Promise<Adapter> {
  return openAdapter(url, { connectTimeoutMs: 5000, source: 'app', root: '/' })
}

export interface Emptied {
  /** Where the adapters find it. */
  readonly url: string
  readonly run: (statements: Statements) => Promise<void>
  /** Removes it, when every adapter is closed. */
  readonly remove: () => Promise<void> | void
}

/** A test's own database, with the first adapter on it. */
export async function databaseAt({ url, run, remove }: Emptied): Promise<ContractDatabase> {
  const adapter = await openAsProgram(url)
  const adapters = [adapter]
  return {
    adapter,
    run,
    another: async () => {
      const other = await openAsProgram(url)
      adapters.push(other)
      return other
    },
    close: async () => {
      await Promise.all(adapters.map(async (each) => each.close()))
      await remove()
    },
  }
}
