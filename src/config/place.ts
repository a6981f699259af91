/** Checks that paths in the configuration are inside the work tree: by their text, and on disk against symbolic links. A pulled configuration must not lead anywhere else. */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../model/errors.ts'
import { printable } from './printable.ts'

/**
 * A path of the configuration in plain form: relative, `/` between its parts, no `.` parts, no slash at the end.
 * @param where names the option in messages
 * @throws UsageError when it is absolute, has a `..` part, is inside `.git` (in any spelling that a file system takes for it), or is the root itself
 */
export function insideWorkTree(path: string, where: string): string {
  if (/\p{Cc}/u.test(path)) throw outside(where, 'has a control character')
  if (/^([a-z][a-z0-9+.-]*:|[/\\~:])/i.test(path))
    throw outside(where, `"${printable(path)}" is not a path relative to the repository`)
  const parts = path.split(/[/\\]/).filter((part) => part !== '' && part !== '.')
  if (parts.length === 0) throw outside(where, 'must name something below the repository root')
  if (parts.some((part) => /^\.\.[. ]*$/.test(part))) throw outside(where, `"${printable(path)}" leaves the repository`)
  if (parts.some(isGitFolder)) throw outside(where, `"${printable(path)}" is inside .git`)
  return parts.join('/')
}

function outside(where: string, problem: string): UsageError {
  return new UsageError(`${where}: ${problem}`, { hint: 'Name a path inside the work tree, outside .git.' })
}

/** True for `.git` in every spelling that NTFS and HFS+ take for it: any case, dots, spaces or a stream name after it, zero-width characters, short names. */
function isGitFolder(part: string): boolean {
  const plain = part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').replace(/:.*$/, '')
  return /^(\.git|git~[0-9]+)[. ]*$/i.test(plain)
}

/**
 * Checks on disk that no part of the path is a symbolic link: a committed link could lead reads and writes out of the work tree. Parts that do not exist are allowed.
 * @param root absolute path of the work tree
 * @param path as `insideWorkTree` returns it
 * @throws UsageError naming the link
 */
export async function checkInsideWorkTree(root: string, path: string): Promise<void> {
  let place = root
  for (const part of insideWorkTree(path, 'path').split('/')) {
    place = join(place, part)
    const entry = await lstat(place).catch(absent)
    if (entry === undefined) return
    if (entry.isSymbolicLink()) {
      throw new UsageError(`${path}: ${place} is a symbolic link, which may lead out of the repository`, {
        hint: 'Replace the link by what it points to, or name the place by a variable of your environment.',
      })
    }
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
