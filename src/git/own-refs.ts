/** Moves the refs below `refs/tandem`, which no other program writes. */
import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { LockedError } from '../model/errors.ts'
import type { Repository } from './repository.ts'
import { GitError } from './run.ts'

/** How long git holds the lock of a ref at most, in ms; it takes a few. A lock that is older was left by a git that was killed. */
const LOCK_MS = 2000

/**
 * Carries out lines of `git update-ref --stdin`, all or none. The lock that a killed git left on one of these refs is removed: without that, every later run would stop there.
 * @throws LockedError when git holds another lock
 */
export async function moveOwnRefs(repository: Repository, lines: readonly string[]): Promise<void> {
  const removed = new Set<string>()
  for (;;) {
    try {
      await repository.git(['update-ref', '--stdin'], { input: lines.map((line) => `${line}\n`).join('') })
      return
    } catch (error) {
      const lock = heldLock(error)
      if (lock === undefined) throw error
      if (removed.has(lock) || !isOwn(repository, lock)) throw refLocked(error) ?? error
      await setTimeout(await youth(lock))
      await rm(lock, { force: true })
      removed.add(lock)
    }
  }
}

function isOwn(repository: Repository, lock: string): boolean {
  return path.resolve(lock).startsWith(path.join(repository.commonDir, 'refs', 'tandem') + path.sep)
}

/** How many ms are left until a lock must be a killed git's. */
async function youth(lock: string): Promise<number> {
  const made = (await stat(lock).catch(() => undefined))?.mtimeMs ?? 0
  return Math.min(LOCK_MS, Math.max(0, made + LOCK_MS - Date.now()))
}

/** Path of the lock file for which git did not move a ref; undefined for any other error. */
function heldLock(error: unknown): string | undefined {
  return error instanceof GitError ? /'([^']+\.lock)': File exists/.exec(error.stderr)?.[1] : undefined
}

/** The error for a ref that git itself has locked, because another git runs or was killed; undefined for any other error. */
export function refLocked(error: unknown): LockedError | undefined {
  const lock = heldLock(error)
  if (lock === undefined) return undefined
  return new LockedError(`git holds ${lock}`, {
    hint: 'Wait for the other git; if none runs, remove that file.',
    cause: error,
  })
}
