/**
 * Former states of the mirror: after a run that changed something, a folder with all files as they were then. Files that are the same in the version before are hard links to it, so a
 * version takes the room of what changed; a live file is never linked, since an edit in place would change it in every version. All are read-only, and `verify` hashes them again.
 */
import { constants, readFileSync } from 'node:fs'
import { chmod, copyFile, link, lstat, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { fileDigest } from '../io/file-digest.ts'
import { ownFolder } from './marker.ts'
import type { SideTree, SideEntry } from './tree.ts'

const LIST = 'list.json'

const versionsFolder = (root: string): string => path.join(ownFolder(root), 'versions')

/** The stamps of the versions, the oldest first. One without a list was not finished. */
export async function versionsOf(root: string): Promise<readonly string[]> {
  const names = await readdir(versionsFolder(root)).catch(() => [])
  return names.filter((name) => listOf(root, name) !== undefined).sort()
}

/** The files of a version; undefined when there is no such version. */
export function listOf(root: string, stamp: string): SideTree | undefined {
  try {
    const text = readFileSync(path.join(versionsFolder(root), stamp, LIST), 'utf8')
    return new Map(JSON.parse(text) as [string, SideEntry][])
  } catch {
    return undefined
  }
}

/** Where a version has its files. */
export function versionFolder(root: string, stamp: string): string {
  return path.join(versionsFolder(root), stamp, 'files')
}

/** Makes a version of the mirror as it is, and removes all but the newest `keep`. */
export async function makeVersion(
  root: string,
  tree: SideTree,
  options: { stamp: string; keep: number },
): Promise<void> {
  const { stamp, keep } = options
  const before = (await versionsOf(root)).at(-1)
  const list = before === undefined ? undefined : listOf(root, before)
  const folder = versionFolder(root, stamp)
  await mkdir(folder, { recursive: true })
  for (const [name, entry] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const target = path.join(folder, name)
    const same = before !== undefined && list?.get(name)?.content === entry.content && entry.kind === 'file'
    if (entry.kind === 'folder') await mkdir(target, { recursive: true })
    else if (entry.kind === 'link') await symlink(entry.content, target)
    else if (!same || !(await linked(path.join(versionFolder(root, before), name), target)))
      await copied(path.join(root, name), target)
  }
  await writeAtomically(path.join(versionsFolder(root), stamp, LIST), JSON.stringify([...tree]))
  for (const name of await readdir(versionsFolder(root)))
    if (name !== stamp && listOf(root, name) === undefined) await removeVersion(root, name)
  const all = await versionsOf(root)
  for (const old of all.slice(0, Math.max(all.length - keep, 0))) await removeVersion(root, old)
}

/** False where it cannot be linked: too many links (65,000 on ext4), or a file system without them. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch {
    return false
  }
}

async function copied(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await chmod(to, (await lstat(to)).mode & 0o555)
}

async function removeVersion(root: string, stamp: string): Promise<void> {
  await rm(path.join(versionsFolder(root), stamp), { recursive: true, force: true })
}

/** The files of all versions whose bytes are not what they were: `STAMP/PATH`. Files that versions share are read once. */
export async function damagedVersions(root: string): Promise<readonly string[]> {
  const [damaged, seen] = [[] as string[], new Map<number, string>()]
  for (const stamp of await versionsOf(root))
    for (const [name, { kind, content }] of listOf(root, stamp) ?? []) {
      if (kind !== 'file') continue
      const file = path.join(versionFolder(root, stamp), name)
      const stats = await lstat(file).catch(() => undefined)
      const known = stats && seen.get(stats.ino)
      const found = known ?? (await fileDigest(file).catch(() => undefined))?.sha256
      if (stats !== undefined && found !== undefined) seen.set(stats.ino, found)
      if (found !== content) damaged.push(`${stamp}/${name}`)
    }
  return damaged
}
