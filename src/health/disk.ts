/** Is there room on the disks, and are the data directories of the databases where they should be? */
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { HealthConfig } from '../config/health.ts'
import { diskSpace } from '../io/disk-space.ts'
import { sizeWords } from '../model/duration.ts'
import { type HealthCheck, alarm, unreachable, well } from './check.ts'

/** A folder whose disk is looked at: `primary`, `mirror`, `backups`. */
export interface WatchedFolder {
  readonly name: string
  readonly path: string
}

/** Checks the free space of the disk that holds a folder. */
export async function checkDisk(folder: WatchedFolder, wanted: HealthConfig['diskFree']): Promise<HealthCheck> {
  const name = `disk: ${folder.name}`
  try {
    const { freeBytes, totalBytes } = await diskSpace(folder.path)
    const share = totalBytes === 0 ? 0 : Math.floor((freeBytes / totalBytes) * 100)
    const words = `${sizeWords(freeBytes)} free, ${share} % (${folder.path})`
    const least = 'bytes' in wanted ? wanted.bytes : wanted.share * totalBytes
    if (freeBytes >= least) return well(name, words)
    return alarm(
      name,
      `only ${words}; ${sizeWords(least)} should be`,
      `Free some space: du -xh --max-depth=2 '${folder.path}' | sort -h`,
    )
  } catch (error) {
    return unreachable(name, `${folder.path}: ${(error as Error).message}`, 'Check whether that drive is there.')
  }
}

/** Checks a data directory: there, not empty, outside of the project, and on a drive of its own where the configuration says so. */
export async function checkDataDirectory(
  root: string,
  wanted: HealthConfig['dataDirectories'][number],
): Promise<HealthCheck> {
  const name = `data directory: ${wanted.path}`
  const folder = path.resolve(root, wanted.path)
  const drive = 'Check whether its drive is mounted before you start the database: it would begin with an empty folder.'
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => error)
  if (entries instanceof Error) return unreachable(name, entries.code ?? entries.message, drive)
  if (entries.length === 0) return alarm(name, 'the folder is empty', drive)
  if (isBelow(root, folder))
    return alarm(
      name,
      'it lies inside the project, so cleaning the project deletes the database',
      'Stop the database, move the folder out of the project, and correct the path where it is started.',
    )
  if (wanted.mounted && (await stat(folder)).dev === (await stat(path.parse(folder).root)).dev)
    return alarm(name, "it lies on the system's own disk, so its drive is not mounted", drive)
  return well(name, `${entries.length} entries, outside of the project`)
}

/** True when a path lies below a folder, or is it. */
export function isBelow(folder: string, file: string): boolean {
  const way = path.relative(folder, file)
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way))
}
