/** Files that are whole or not there: written beside their place, synced, renamed. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import writeFileAtomic from 'write-file-atomic'

/** Writes a file atomically, making its folder if needed. */
export async function writeAtomically(file: string, content: string | Buffer, mode?: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFileAtomic(file, content, mode === undefined ? {} : { mode })
}
