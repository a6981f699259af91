/** Remembers for a minute that a database did not answer a hook, so that ten commits in a row do not wait ten times. Commands always try to connect. */
import { UnreachableError } from '../model/errors.ts'
import { memory } from './memory.ts'
import type { Workspace } from './workspace.ts'

const REMEMBERED_MS = 60_000

/** Only a failure that took longer than this is remembered. A database that refuses at once costs no time and is asked again. */
const SLOW_MS = 1_000

/**
 * Returns what `connect` returns. In a hook it does not connect when a hook waited in vain for this source within the last minute.
 * @throws UnreachableError when the database is down or remembered as down
 */
export async function connectUnlessRecentlyDown<Result>(
  workspace: Workspace,
  source: string,
  connect: () => Promise<Result>,
): Promise<Result> {
  if (!workspace.invocation.inHook) return connect()
  /** When the source was last found down, in milliseconds since 1970. */
  const down = memory(workspace, `down/${source}`, 0)
  const start = workspace.invocation.nowMs()
  if (start - (await down.read()) < REMEMBERED_MS) throw new UnreachableError('it did not answer a moment ago')
  try {
    return await connect()
  } catch (error) {
    const now = workspace.invocation.nowMs()
    if (error instanceof UnreachableError && now - start > SLOW_MS) await down.write(now)
    throw error
  }
}
