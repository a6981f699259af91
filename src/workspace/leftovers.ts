/** Cleans up in this clone what runs that were killed left behind. */
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { clearDeadIndexLock } from '../git/index-lock.ts'
import { restoreWaitingCopies } from '../git/waiting.ts'
import type { Workspace } from './workspace.ts'

/** Names of the tool's temporary files: an index, blobs, a file about to be renamed, the folder in which git says what is sparse. */
const TEMPORARY =
  /^(index-\d+(\.lock)?|blobs-\w+|file-\d+(-\d+)?|waiting-\d+|sparse-\w+|lock\..+|\w[\w-]*(\.json)?\.\d+)$/

/** The folder of what the merge driver keeps while git merges. The results depend on that merge; when it is over, they are of no use. */
export const KEPT_MERGES = 'merging'

/** No run lasts so long that it still uses a temporary file of this age. */
const LEFT_MS = 3_600_000

async function removeLeftovers({ dataDir, invocation }: Workspace): Promise<void> {
  await rm(path.join(dataDir, KEPT_MERGES), { recursive: true, force: true })
  for (const name of await readdir(dataDir).catch(() => [])) {
    if (!TEMPORARY.test(name)) continue
    const file = path.join(dataDir, name)
    const entry = await stat(file).catch(() => undefined)
    if (entry !== undefined && invocation.nowMs() - entry.mtimeMs > LEFT_MS)
      await rm(file, { recursive: true, force: true })
  }
}

/** Removes dead index locks and old temporary files, and puts missing copies of waiting files back. A dry run changes nothing. */
export async function tidyUp(workspace: Workspace): Promise<void> {
  if (workspace.invocation.dryRun) return
  await clearDeadIndexLock(workspace.repository)
  await removeLeftovers(workspace)
  await restoreWaitingCopies(workspace.repository)
}
