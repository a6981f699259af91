/** Files that are whole or not there: written under another name, synced, renamed. */
import { chmod, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import writeFileAtomic from 'write-file-atomic'

/** Writes a file of our own atomically, making its folder if needed; the passing file lies beside it. */
export async function writeAtomically(file: string, content: string | Buffer, mode?: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFileAtomic(file, content, mode === undefined ? {} : { mode })
}

/**
 * Writes a file in a folder that is not ours atomically: the passing file lies in `folder`, so that a kill leaves nothing among the user's files. Without a mode it
 * keeps the one it has.
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
    await writeAtomically(target, at.content, mode) // on another file system it has to lie beside
  }
}
