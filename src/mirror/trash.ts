/** The trash of a side: a folder for each run that put something there. Bounded by age and size; the newest run's stays. */
import { readdirSync, statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { ownFolder } from './marker.ts'

export interface TrashLimits {
  readonly keepMs: number
  readonly sizeBytes: number
}

/** `20261201-021500-123` of milliseconds since 1970, UTC. */
export function mirrorStamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replaceAll(/[-:]/g, '').replaceAll(/[T.]/g, '-')
}

/** Removes the oldest folders that are over age, or over the size of all. */
export async function pruneTrash(root: string, limits: TrashLimits, nowMs: number): Promise<void> {
  const trash = path.join(ownFolder(root), 'trash')
  const runs = (await readdir(trash).catch(() => [])).toSorted((a, b) => (a < b ? 1 : -1))
  const oldest = mirrorStamp(nowMs - limits.keepMs)
  let sum = 0
  for (const [i, run] of runs.entries()) {
    const folder = path.join(trash, run)
    sum += sizeBelow(folder)
    if (run < oldest || (i > 0 && sum > limits.sizeBytes)) await rm(folder, { recursive: true, force: true })
  }
}

function sizeBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0)
}
