/** Runs an apply in the background when it would keep a git hook waiting too long. A later `tandem apply` waits for that run. */
import { isRunning } from '../io/running.ts'
import { type Memory, memory } from './memory.ts'
import type { Workspace } from './workspace.ts'

/** How long a command waits for the background run, and the background run for the hook that started it. */
const WAIT_MS = 600_000

/** The process id of the latest background run; 0 when there was none. */
function backgroundPid(workspace: Workspace): Memory<number> {
  return memory(workspace, 'background', 0)
}

/** Starts `tandem apply` as a process of its own and remembers its process id. */
export async function startBackgroundApply(workspace: Workspace): Promise<void> {
  const pid = workspace.invocation.startInBackground(['-C', workspace.repository.root, 'apply', '--quiet', '--wait'])
  if (pid !== undefined) await backgroundPid(workspace).write(pid)
}

/**
 * True when this process is the background run. Only reliable while this process holds the clone's lock: the hook releases the lock after it has written down the
 * process id.
 */
export async function isBackground(workspace: Workspace): Promise<boolean> {
  return (await backgroundPid(workspace).read()) === process.pid
}

/** Milliseconds to wait for the clone's lock: `WAIT_MS` when the caller asked to wait (`isTold`) or a background run is alive, else 0. */
export async function waitForBackground(workspace: Workspace, isTold: boolean): Promise<number> {
  if (isTold) return WAIT_MS
  const pid = await backgroundPid(workspace).read()
  return Number.isInteger(pid) && pid > 0 && isRunning(pid) ? WAIT_MS : 0
}
