/** How much room the file system of a folder has. */
import { statfs } from 'node:fs/promises'
import path from 'node:path'

export interface DiskSpace {
  /** For this user, in bytes: what is kept back for root does not count. */
  readonly freeBytes: number
  readonly totalBytes: number
}

/** The room of the file system that holds `folder`, or will hold it: the nearest folder above that exists is asked. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch (error) {
    const above = path.dirname(folder)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder) throw error
    return diskSpace(above)
  }
}
