/** Who holds a lock, in a file or in a database: a process that can be asked whether it still lives. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { isRunning, startOf } from './running.ts'

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
  return { host: hostname(), pid: process.pid, start: startOf(process.pid), token: randomUUID() }
}

/** True when the owner surely has ended; on another host, or unreadable: when it gave no sign of life for half an hour. */
export async function isGone(owner: Owner | undefined, silentMs: number): Promise<boolean> {
  if (owner === undefined || owner.host !== hostname()) return silentMs > STALE_MS
  if (!isRunning(owner.pid)) return true
  const start = startOf(owner.pid)
  return start !== '' && owner.start !== '' && start !== owner.start
}
