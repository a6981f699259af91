/** The configuration files that belong to a backup, found by their globs in the work tree. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import picomatch from 'picomatch'
import { insideWorkTree } from '../config/place.ts'

/** Folders that hold no configuration and may hold very many files. */
const SKIPPED = new Set(['.git', 'node_modules', '.tandem'])

/** The plain files that a glob names, from the root, sorted. Links are not followed. @throws UsageError for a glob that leads out of the work tree */
export async function configurationFiles(root: string, globs: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const glob of globs) {
    const plain = insideWorkTree(glob, 'backup.files')
    const isWanted = picomatch(plain, { dot: true })
    const { base } = picomatch.scan(plain)
    const isOne = base === plain
    for (const file of await filesUnder(root, isOne ? path.posix.dirname(plain) : base))
      if (isWanted(file)) found.add(file)
  }
  return [...found].sort()
}

async function filesUnder(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(path.join(root, folder), { withFileTypes: true }).catch(() => [])
  const files: string[] = []
  for (const entry of entries) {
    const name = path.posix.join(folder, entry.name)
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) files.push(...(await filesUnder(root, name)))
    else if (entry.isFile()) files.push(name)
  }
  return files
}
