/** An apply that would keep a git hook too long runs on its own; `tandem apply` waits for it. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { isRunning } from '../io/running.ts'
import type { Workspace } from './workspace.ts'

/** How long a command waits for the run in the background, and it for the hook that started it. */
const WAIT_MS = 600_000

function pidFile(workspace: Workspace): string {
  return path.join(workspace.dataDir, 'background')
}

export async function startBackgroundApply(workspace: Workspace): Promise<void> {
  const pid = workspace.invocation.startInBackground(['-C', workspace.repository.root, 'apply', '--quiet', '--wait'])
  if (pid !== undefined) await writeAtomically(pidFile(workspace), String(pid))
}

/** True when this process is that run: nobody asked it for more than what the hook had begun. Ask it with the lock held, which the hook gives back after it has named the run. */
export async function isBackground(workspace: Workspace): Promise<boolean> {
  const pid = await readFile(pidFile(workspace), 'utf8').catch(() => '')
  return Number(pid) === process.pid
}

/** Milliseconds to wait for the lock: long when told to, or while a run in the background is alive; else none. */
export async function waitForBackground(workspace: Workspace, isTold: boolean): Promise<number> {
  if (isTold) return WAIT_MS
  const pid = Number(await readFile(pidFile(workspace), 'utf8').catch(() => '0'))
  if (!Number.isInteger(pid) || pid <= 0) return 0
  return isRunning(pid) ? WAIT_MS : 0
}
