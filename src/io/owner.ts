/** Who holds a lock, in a file or in a database: a process that can be asked whether it still lives. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

export interface Owner {
  readonly host: string
  readonly pid: number
  /** When the process started, as the system counts it: a reused pid has another. */
  readonly start: string
  readonly token: string
}

/** For owners on other hosts, whose processes cannot be asked. */
const STALE_MS = 30 * 60_000

/** This process, under a new token. */
export async function newOwner(): Promise<Owner> {
  return { host: hostname(), pid: process.pid, start: await startOf(process.pid), token: randomUUID() }
}

/** True when the owner surely has ended; on another host, or unreadable: when it gave no sign of life for half an hour. */
export async function isGone(owner: Owner | undefined, silentMs: number): Promise<boolean> {
  if (owner === undefined || owner.host !== hostname()) return silentMs > STALE_MS
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
  }
  const start = await startOf(owner.pid)
  return start !== '' && owner.start !== '' && start !== owner.start
}

/** Field 22 of /proc/PID/stat (proc(5)); empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
