/** What the mirror knows of the files of a folder: types only, and the two sides' names. */

/** The two folders that are kept alike: the work tree, and the folder on the second drive. */
export type MirrorSide = 'primary' | 'mirror'

export const SIDES: readonly MirrorSide[] = ['primary', 'mirror']

export function otherSide(side: MirrorSide): MirrorSide {
  return side === 'primary' ? 'mirror' : 'primary'
}

/** What an entry is. Two entries with equal kind and content are the same. */
export interface SideEntry {
  readonly kind: 'file' | 'link' | 'folder'
  /** SHA-256 of a file's bytes, the target of a link, empty for a folder. */
  readonly content: string
  readonly sizeBytes: number
  /** Milliseconds since 1970; decides which of two changed files keeps the name. */
  readonly mtimeMs: number
}

/** Path, with `/` between its parts → entry. */
export type SideTree = ReadonlyMap<string, SideEntry>

export function sameEntry(a: SideEntry | undefined, b: SideEntry | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.kind === b.kind && a.content === b.content)
}

/** The folder of a path; empty at the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

/** The folders above a path, the nearest first, without the root. */
export function foldersAbove(path: string): string[] {
  const above: string[] = []
  for (let at = folderOf(path); at !== ''; at = folderOf(at)) above.push(at)
  return above
}
