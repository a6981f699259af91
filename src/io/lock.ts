/**
 * One run at a time in a clone: a file that appears atomically with its owner's host, process and start in it, is touched while held, and is taken over at once
 * when its owner is dead. (proper-lockfile knows no owner: after a kill everything would be "busy" until its file is old.)
 */
import { constants } from 'node:fs'
import { access, copyFile, link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LockedError } from '../model/errors.ts'
import { isGone, newOwner, type Owner } from './owner.ts'

const REFRESH_MS = 60_000
const RETRY_MS = 100

/** Where the lock of a clone is. */
export function lockFile(dataDir: string): string {
  return path.join(dataDir, 'lock')
}

/**
 * Runs `work` while holding the clone's lock; the lock is given back whatever happens.
 * @param dataDir the tool's folder in the common git directory
 * @param waitMs how long to try when another run holds it
 * @throws LockedError when it is still held then
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
    while (!(await linked(own, file))) {
      if (await removeDead(file, owner)) continue
      if (Date.now() >= until) throw lockedBy(file, await readOwner(file))
      await sleep(RETRY_MS)
    }
  } finally {
    await rm(own, { force: true })
  }
}

/** A hard link appears at once and with its content, or not at all. */
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

/** True when the lock is there and whoever made it is not any more. */
export async function isLeftBehind(file: string): Promise<boolean> {
  return (
    (await access(file).then(
      () => true,
      () => false,
    )) && (await isDead(file, await readOwner(file)))
  )
}

/** Takes a dead owner's lock away by a rename, which only one of several waiting runs can do; a lock that was renewed meanwhile is put back. */
async function removeDead(file: string, own: Owner): Promise<boolean> {
  const holder = await readOwner(file)
  if (!(await isDead(file, holder))) return false
  const aside = `${file}.dead-${own.token}`
  await rename(file, aside).catch(() => undefined) // somebody else was quicker
  const taken = await readOwner(aside)
  if (taken !== undefined && taken.token !== holder?.token) await linked(aside, file)
  await rm(aside, { force: true })
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
