/** Whether a process still runs: locks and marks name their owner, so that nothing that a dead one left has to be waited for. */
import { readFileSync } from 'node:fs'

/**
 * False when the process is gone, or is only a zombie: a container whose first process does not reap keeps those for ever, and a signal still reaches them (proc(5),
 * field 3 of stat). Where there is no /proc the signal alone tells.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !['Z', 'X'].includes(statOf(pid)[0] ?? '')
}

/** When a process started, as the system counts it: a reused pid has another (field 22 of stat); empty where there is no /proc. */
export function startOf(pid: number): string {
  return statOf(pid)[19] ?? ''
}

/** The fields of /proc/PID/stat from the third on: the second, the command, may hold anything. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
