/** Whether a process still runs. Locks and markers name their process, so that those of a dead one need not be waited for. */
import { readFileSync } from 'node:fs'

/**
 * True when a process with this id runs. A zombie does not count (proc(5), field 3 of stat): a signal still reaches it, and in a container whose first process does not reap it
 * stays for ever. Where there is no /proc, only the signal is tried.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !['Z', 'X'].includes(statOf(pid)[0] ?? '')
}

/** When a process started, in the system's own count (field 22 of stat); empty where there is no /proc or no such process. A later process with the same id has another start. */
export function startOf(pid: number): string {
  return statOf(pid)[19] ?? ''
}

/** The fields of /proc/PID/stat from the third on. The second is the command in brackets, which may contain spaces and brackets. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
