/** Who holds a lock, in a file or in a database: the process, described so that it can be found out whether it still runs. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { isRunning, startOf } from './running.ts'

/** The process that holds a lock. `token` is different for each lock it takes. */
export interface Owner {
  readonly host: string
  readonly pid: number
  /** When the process started, in the system's own count: a later process with the same pid has another. Empty where the system does not tell. */
  readonly start: string
  readonly token: string
}

/** A lock of another host, whose processes cannot be looked at, counts as left behind after this time without a refresh. */
const STALE_MS = 30 * 60_000

/** This process, under a new token. */
export function newOwner(): Owner {
  return { host: hostname(), pid: process.pid, start: startOf(process.pid), token: randomUUID() }
}

/** True when the owner has ended. An owner on another host, or an unreadable one, counts as ended when its lock was not refreshed for half an hour (`silentMs`). */
export function isGone(owner: Owner | undefined, silentMs: number): boolean {
  if (owner === undefined || owner.host !== hostname()) return silentMs > STALE_MS
  if (!isRunning(owner.pid)) return true
  const start = startOf(owner.pid)
  return start !== '' && owner.start !== '' && start !== owner.start
}
