/** git's own lock of the index, taken and given up by us: it names us, so that what a killed run left can be told from a git at work. */
import { link, open, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isRunning } from '../io/running.ts'
import { LockedError } from '../model/errors.ts'
import { exists } from './head.ts'
import type { Repository } from './repository.ts'

/** Our lock names us, so that a later run can tell a dead tandem's lock from a git at work. */
const LOCK_MARK = 'tandem index lock, pid '

/** @throws LockedError when another git command holds the index */
export async function takeIndexLock(repository: Repository, lock: string): Promise<void> {
  const content = `${LOCK_MARK}${process.pid}\n`
  try {
    await appearWhole(repository, lock, content)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (await clearDeadIndexLock(repository)) return appearWhole(repository, lock, content)
    throw new LockedError(`another git command is using the index of ${repository.root}`, {
      hint: `Wait for it; if none runs, remove ${lock}`,
    })
  }
}

/** A hard link appears with its content or not at all; a lock without content could not be told from git's. */
async function appearWhole(repository: Repository, file: string, content: string): Promise<void> {
  const own = path.join(repository.commonDir, 'tandem', `file-${process.pid}`)
  await writeFile(own, content)
  try {
    await link(own, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    await writeNew(file, content) // no hard links here
  } finally {
    await rm(own, { force: true })
  }
}

/** A lock that could not be written is none: an empty one would seem to be git's, and stay. */
async function writeNew(file: string, content: string): Promise<void> {
  const made = await open(file, 'wx')
  try {
    await made.writeFile(content)
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await made.close()
  }
}

async function isDeadLock(lock: string): Promise<boolean> {
  const text = await readFile(lock, 'utf8').catch(() => '')
  return text.startsWith(LOCK_MARK) && !isRunning(Number(text.slice(LOCK_MARK.length)))
}

/** True when a stale lock of a killed tandem was found and removed. */
export async function clearDeadIndexLock(repository: Repository): Promise<boolean> {
  const lock = path.join(repository.gitDir, 'index.lock')
  if (!(await exists(lock)) || !(await isDeadLock(lock))) return false
  await rm(lock, { force: true })
  return true
}
