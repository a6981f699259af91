/** Writes files atomically: under another name, synced, then renamed. Readers see the old file or the whole new one. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Writes one of the tool's own files atomically; its folder is made if needed. The temporary file is beside it. */
export async function writeAtomically(file: string, content: string | Buffer, mode?: number): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic') // it loads worker_threads, which a hook that writes nothing does not need
  await mkdir(path.dirname(file), { recursive: true })
  await writeFileAtomic(file, content, mode === undefined ? {} : { mode })
}

/** Like `writeAtomically`, for a content that is not in memory as a whole. The file keeps its owner and mode. Nothing is left of it when a part cannot be made or written. */
export async function writePartsAtomically(file: string, parts: Iterable<Buffer>): Promise<void> {
  const before = await stat(file).catch(() => undefined)
  const passing = `${file}.${randomBytes(6).toString('hex')}`
  await mkdir(path.dirname(file), { recursive: true })
  const handle = await open(passing, 'wx')
  try {
    for (const part of parts) await handle.writeFile(part)
    if (before !== undefined) {
      await handle.chown(before.uid, before.gid).catch(() => undefined) // only root may give a file away
      await handle.chmod(before.mode & 0o7777)
    }
    await handle.sync()
    await handle.close()
    await rename(passing, file)
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(passing, { force: true })
    throw error
  }
}

/**
 * Writes a file among the user's files atomically. The temporary file is in `folder`, one of the tool's own, so that a killed run leaves nothing among the user's files. A
 * symbolic link is followed. Without a mode the file keeps the one it has.
 */
export async function writeByWayOf(
  folder: string,
  file: string,
  at: { readonly content: string | Buffer; readonly mode?: number },
): Promise<void> {
  const target = await realpath(file).catch(() => file)
  const mode = at.mode ?? (await stat(target).catch(() => undefined))?.mode
  const passing = path.join(folder, `file-${process.pid}`)
  await mkdir(folder, { recursive: true })
  await mkdir(path.dirname(target), { recursive: true })
  try {
    await writeFile(passing, at.content, { flush: true, mode: mode ?? 0o666 })
    if (mode !== undefined) await chmod(passing, mode & 0o7777)
    await rename(passing, target)
  } catch (error) {
    await rm(passing, { force: true })
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await writeAtomically(target, at.content, mode) // a rename cannot cross file systems: the temporary file has to be beside the target
  }
}
