/**
 * The file that an SQLite URL names: `sqlite:data/app.db`, or `file:./dev.db`, as Prisma, libSQL and others write it. A relative path starts at the repository's root; Prisma's starts
 * at the folder of `schema.prisma`, usually `prisma/` (https://www.prisma.io/docs/orm/overview/databases/sqlite), so a file that is only there is taken.
 */
import { existsSync } from 'node:fs'
import { isAbsolute, join, posix } from 'node:path'
import { UsageError } from '../model/errors.ts'

/** The path as the URL has it. `file:` URLs may have options, which say nothing about the file, and may begin with `file://`. */
export function sqlitePath(url: string): string {
  if (!url.startsWith('file:')) return url.slice('sqlite:'.length)
  const path = url.slice('file:'.length).replace(/[?#].*$/s, '')
  return path.startsWith('//') ? decoded(path.replace(/^\/\/(localhost(?=\/))?/, '')) : path
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // a % that begins no escape stands for itself
  }
}

/**
 * The path of the file, absolute or from the repository's root.
 * @param root absolute path of the repository's root
 * @throws UsageError when a `file:` URL fits two files
 */
export function sqliteFile(url: string, root: string): string {
  const path = sqlitePath(url)
  if (!url.startsWith('file:') || path === '' || path === ':memory:' || isAbsolute(path)) return path
  const plain = posix.normalize(path)
  const atPrisma = posix.join('prisma', path)
  if (!existsSync(join(root, atPrisma))) return plain
  if (!existsSync(join(root, plain))) return atPrisma
  throw new UsageError(`${url} fits two files: ${plain} and ${atPrisma}`, {
    hint: `Name one as tandem's source: sqlite:${plain} or sqlite:${atPrisma}.`,
  })
}
