/** Takes git's own lock of the index. */
import { link, open, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { exists } from '../io/exists.ts'
import { isRunning } from '../io/running.ts'
import { LockedError } from '../model/errors.ts'
import type { Repository } from './repository.ts'

/** Our lock contains this text and the process id, so that a later run can tell the lock of a killed tandem from that of a running git. */
const LOCK_MARK = 'tandem index lock, pid '

/** Takes the lock; one that a killed tandem left is removed first. @throws LockedError when another git command holds the index */
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

/** Makes the lock as a hard link, which appears with its content or not at all: a lock without content could not be told from git's. */
async function appearWhole(repository: Repository, file: string, content: string): Promise<void> {
  const own = path.join(repository.commonDir, 'tandem', `file-${process.pid}`)
  await writeFile(own, content)
  try {
    await link(own, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    await writeNew(file, content) // a file system without hard links
  } finally {
    await rm(own, { force: true })
  }
}

/** Writes a new lock file, and removes it if that fails half-way: an empty lock would be taken for git's and never be removed. */
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

/** Removes the lock that a killed tandem left. Returns true when there was one. */
export async function clearDeadIndexLock(repository: Repository): Promise<boolean> {
  const lock = path.join(repository.gitDir, 'index.lock')
  if (!(await exists(lock)) || !(await isDeadLock(lock))) return false
  await rm(lock, { force: true })
  return true
}
