/**
 * One run at a time in a clone. The lock is a file that appears atomically, with its owner's host, process and start in it. Its time is refreshed while it is held, and it is
 * taken over at once when its owner is dead. (proper-lockfile knows no owner: after a kill every run would be refused until its file is old.)
 */
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LockedError } from '../model/errors.ts'
import { exists } from './exists.ts'
import { type Owner, isGone, newOwner } from './owner.ts'

const REFRESH_MS = 60_000

const RETRY_MS = 100

/** Several runs may die one after the other while this one waits; beyond that, the lock file cannot be removed. */
const MOST_REMOVALS = 20

/** Path of a clone's lock file. */
export function lockFile(dataDir: string): string {
  return path.join(dataDir, 'lock')
}

/**
 * Runs `work` while holding the clone's lock, and returns what it returns. The lock is given back also when `work` throws.
 * @param dataDir the tool's folder in the common git directory
 * @param waitMs how long to wait in milliseconds while another run holds it
 * @throws LockedError when another run still holds it after that time
 */
export async function withLock<Result>(dataDir: string, waitMs: number, work: () => Promise<Result>): Promise<Result> {
  const file = lockFile(dataDir)
  await mkdir(dataDir, { recursive: true })
  const owner = newOwner()
  await take(file, owner, Date.now() + waitMs)
  const refresh = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), REFRESH_MS)
  try {
    return await work()
  } finally {
    clearInterval(refresh)
    if ((await readOwner(file))?.token === owner.token) await rm(file, { force: true })
  }
}

async function take(file: string, owner: Owner, until: number): Promise<void> {
  const own = `${file}.${owner.token}`
  await writeFile(own, JSON.stringify(owner))
  try {
    for (let tries = 0; !(await linked(own, file)); tries++) {
      // where a dead owner's lock cannot be removed, waiting for it is no use either
      if (tries < MOST_REMOVALS && (await removeDead(file, own))) continue
      if (Date.now() >= until) throw lockedBy(file, await readOwner(file))
      await sleep(RETRY_MS)
    }
  } finally {
    await rm(own, { force: true })
  }
}

/** Makes the lock as a hard link, which appears with its content or not at all. False when there is a lock already. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    return copied(from, to) // a file system without hard links
  }
}

async function copied(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** True when the lock file exists and the run that made it has ended. */
export async function isLeftBehind(file: string): Promise<boolean> {
  return (await exists(file)) && (await isDead(file, await readOwner(file)))
}

/**
 * Removes the lock of a dead owner. True when it was dead. Only the run that holds the claim on that very lock may remove it: two runs that both found it dead would otherwise
 * remove it one after the other, the second one the lock that a third run had made meanwhile. A claim whose owner died is removed in the same way.
 * @param own the file with this run's own owner in it
 */
async function removeDead(file: string, own: string): Promise<boolean> {
  const holder = await readOwner(file)
  if (!(await isDead(file, holder))) return false
  const claim = `${file}.dead-${holder?.token ?? 'unread'}`
  if (!(await linked(own, claim))) return removeDead(claim, own)
  try {
    const now = await readOwner(file)
    if (now?.token === holder?.token && (await isDead(file, now))) await rm(file, { force: true })
  } finally {
    await rm(claim, { force: true })
  }
  return true
}

async function isDead(file: string, holder: Owner | undefined): Promise<boolean> {
  const touched = await stat(file).then(
    (entry) => entry.mtimeMs,
    () => Date.now(),
  )
  return isGone(holder, Date.now() - touched)
}

async function readOwner(file: string): Promise<Owner | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  try {
    return JSON.parse(text) as Owner
  } catch {
    return undefined
  }
}

function lockedBy(file: string, holder: Owner | undefined): LockedError {
  const who = holder === undefined ? '' : ` (process ${holder.pid} on ${holder.host})`
  return new LockedError(`another tandem is at work in this repository${who}`, {
    hint: `Wait for it and try again; if none runs, remove ${file}`,
  })
}
