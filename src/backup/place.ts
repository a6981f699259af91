/** A folder of backups: where its catalogue, its lock and its work folders are, and how a run has it for itself. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { withLock } from '../io/lock.ts'

/** The tool's own folder among the archives. */
export function ownFolder(folder: string): string {
  return path.join(folder, '.tandem')
}

/** Runs `work` while no other run writes into this folder of backups. What killed runs left is removed first. @throws LockedError */
export async function withFolder<Result>(folder: string, waitMs: number, work: () => Promise<Result>): Promise<Result> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return withLock(ownFolder(folder), waitMs, async () => {
    for (const name of await readdir(ownFolder(folder)))
      if (name.startsWith('work-')) await rm(path.join(ownFolder(folder), name), { recursive: true, force: true })
    return work()
  })
}

/** Runs `work` with a new folder, which is removed when it ends. Nobody else may read it: it holds everything in the clear. */
export async function withWorkFolder<Result>(
  parent: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = path.join(parent, `work-${process.pid}-${randomBytes(4).toString('hex')}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
