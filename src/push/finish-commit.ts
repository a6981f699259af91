/** What is left to do once a data commit is on the branch: refs that keep it, reports that no longer wait, maintenance. */
import { spawn } from 'node:child_process'
import { filesAt } from '../git/objects/tree.ts'
import { removeWaiting, waitingFiles } from '../git/waiting.ts'
import type { Source } from '../source/source.ts'
import { keepPoints } from '../sync-point/keep-points.ts'
import { forgetWaiting } from '../sync-point/waiting-merge.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { keepStaged } from './staged.ts'

/** The branch has moved to `commit`, and the sync points of these sources with it. */
export async function finishCommit(workspace: Workspace, sources: readonly Source[], commit: string): Promise<void> {
  for (const source of sources) {
    await forgetWaiting(workspace, source.source)
    await keepPoints(source, commit)
  }
  await removeWaiting(workspace.repository, await carriedFiles(workspace, commit))
  await startMaintenance(workspace)
  await keepStaged(workspace, commit)
}

/** The waiting files that the commit has. */
async function carriedFiles({ repository, config }: Workspace, commit: string): Promise<string[]> {
  const waiting = await waitingFiles(repository)
  if (waiting.size === 0) return []
  const committed = await filesAt(repository, commit, config.exports)
  return [...waiting].flatMap(([file, { id }]) => (committed.get(file)?.id === id ? [file] : []))
}

/** Large data commits are packs of whole files, tens of megabytes each, that shrink to a few when git finds deltas; its own limit is fifty packs. */
const MOST_PACKS = 10

/** Plumbing and push never pack; loose objects would pile up. Runs by itself, when git finds it worth while. */
async function startMaintenance(workspace: Workspace): Promise<void> {
  const { cwd, environment } = workspace.repository.place
  const isSet = (await workspace.repository.config()).get('gc.autopacklimit') !== undefined
  const limit = isSet ? [] : ['-c', `gc.autoPackLimit=${MOST_PACKS}`]
  const options = { cwd, env: { ...environment }, detached: true, stdio: 'ignore' as const }
  const child = spawn('git', [...limit, 'maintenance', 'run', '--auto', '--quiet'], options)
  child.on('error', () => undefined) // an older git has no maintenance; its gc runs at the next commit
  child.unref()
}
