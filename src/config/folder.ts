/** The folder name of a collection under `exports/<source>/`. It is valid on every file system, whatever the collection's name (docs/format.md). */
import { keyHash } from '../model/canonical.ts'
import { UsageError } from '../model/errors.ts'

const MAX_BYTES = 120

const HASH_DIGITS = 16

/**
 * The folder name of a collection. The characters `[A-Za-z0-9_-]` stay as they are; every other byte of the UTF-8 text becomes `%XX` (upper case), and so does the first
 * character of a Windows device name. A result over 120 bytes is cut and ends in `-` and the xxh64 of the whole name (16 hex digits).
 * @param configured the `folder` option, used instead of the collection's name
 */
export function folderName(collection: string, configured?: string): string {
  const name = configured ?? collection
  const encoded = isDeviceName(name) ? escaped(name.slice(0, 1)) + name.slice(1) : encode(name)
  if (encoded.length <= MAX_BYTES) return encoded
  const start = encoded.slice(0, MAX_BYTES - HASH_DIGITS - 1).replace(/%.?$/, '')
  return `${start}-${keyHash(name).toString(16).padStart(HASH_DIGITS, '0')}`
}

/** True for names that Windows takes for a device, in any case (https://learn.microsoft.com/windows/win32/fileio/naming-a-file). */
export function isDeviceName(name: string): boolean {
  return /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/i.test(name)
}

function encode(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, escaped)
}

function escaped(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}

/** A collection and the folder it goes into. */
export interface CollectionFolder {
  readonly collection: string
  readonly folder: string
}

/** Pairs of collections whose folders are equal or differ only in case, which is one folder on Windows and macOS. */
export function folderClashes(folders: readonly CollectionFolder[]): (readonly [CollectionFolder, CollectionFolder])[] {
  const seen = new Map<string, CollectionFolder>()
  const clashes: (readonly [CollectionFolder, CollectionFolder])[] = []
  for (const folder of folders) {
    const twin = seen.get(folder.folder.toLowerCase())
    if (twin === undefined) seen.set(folder.folder.toLowerCase(), folder)
    else clashes.push([twin, folder])
  }
  return clashes
}

/**
 * Checks that no two collections share a folder.
 * @throws UsageError naming both collections and the `folder` option to set
 */
export function checkFolders(source: string, folders: readonly CollectionFolder[]): void {
  const [clash] = folderClashes(folders)
  if (clash === undefined) return
  const [first, second] = clash
  throw new UsageError(
    `source ${source}: the collections "${first.collection}" and "${second.collection}" would share the folder ${second.folder} on Windows and macOS`,
    {
      hint: `Set "folder" for one: "sources": {"${source}": {"collections": {${JSON.stringify(second.collection)}: {"folder": "${second.folder.slice(0, 110)}_2"}}}}.`,
    },
  )
}
