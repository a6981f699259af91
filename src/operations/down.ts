/** A database that let a hook wait in vain is remembered as down for a minute, so that ten commits in a row do not wait ten times. Commands always try. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { UnreachableError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

const REMEMBERED_MS = 60_000
/** A refusal at once costs nothing and is asked again. */
const SLOW_MS = 1_000

/**
 * Connects, unless a hook waited for this source within the last minute.
 * @throws UnreachableError
 */
export async function notDown<Result>(
  workspace: Workspace,
  source: string,
  connect: () => Promise<Result>,
): Promise<Result> {
  if (!workspace.invocation.inHook) return connect()
  const file = path.join(workspace.dataDir, 'down', source)
  const start = workspace.invocation.nowMs()
  const since = Number(await readFile(file, 'utf8').catch(() => '0'))
  if (start - since < REMEMBERED_MS) throw new UnreachableError('it did not answer a moment ago')
  try {
    return await connect()
  } catch (error) {
    const now = workspace.invocation.nowMs()
    if (error instanceof UnreachableError && now - start > SLOW_MS) await writeAtomically(file, String(now))
    throw error
  }
}
