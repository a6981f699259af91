/** One run at a time in a clone: a lock file in the common git directory, refreshed while held, stale when its owner died. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import lockfile from 'proper-lockfile'
import { LockedError } from '../model/errors.ts'

/** A lock not refreshed for so long belongs to a dead process (proper-lockfile refreshes every 5 s). */
const STALE_MS = 15_000

/**
 * Runs `work` while holding the clone's lock; the lock is given back whatever happens.
 * @param dataDir the tool's folder in the common git directory
 * @param waitMs how long to try when another run holds it
 * @throws LockedError when it is still held then
 */
export async function withLock<Result>(dataDir: string, waitMs: number, work: () => Promise<Result>): Promise<Result> {
  const release = await takeLock(dataDir, waitMs)
  try {
    return await work()
  } finally {
    await release().catch(() => undefined) // already released by a signal
  }
}

async function takeLock(dataDir: string, waitMs: number): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true })
  const file = path.join(dataDir, 'lock')
  const retries = { retries: Math.ceil(waitMs / 100), minTimeout: 100, maxTimeout: 100, factor: 1 }
  try {
    return await lockfile.lock(file, { realpath: false, stale: STALE_MS, lockfilePath: `${file}.d`, retries })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    throw new LockedError('another tandem is at work in this repository', {
      hint: `Wait for it and try again; if none runs, remove ${file}.d`,
      cause: error,
    })
  }
}
