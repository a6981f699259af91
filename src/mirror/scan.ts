/**
 * Reads what a side holds. A file whose size, times and inode are those of the last agreement is not read again: the time of the last change of the inode (ctime) moves with every
 * write, also where a program puts the modification time back. Links are entries of their own and never followed; what is no file, folder or link is left out and named.
 */
import { createHash } from 'node:crypto'
import { type Dirent, type Stats, existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import path from 'node:path'
import { fileDigest } from '../io/file-digest.ts'
import { PASSING } from './exclusions.ts'
import type { SideEntry } from './tree.ts'

/** What changes when a file does. Times are milliseconds since 1970. */
export interface Stamp {
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly ino: number
}

export interface ScanOptions {
  /** Answers for a path, that of a folder with `/` at its end. */
  readonly isExcluded: (path: string) => boolean
  /** A file that is known by its stamp; undefined: it has to be read. */
  readonly known: (path: string, stamp: Stamp) => SideEntry | undefined
  readonly progress: (files: number) => void
}

export interface SideScan {
  readonly tree: Map<string, SideEntry>
  /** The stamps of the files, as they were before they were read. Those that may still change without a new stamp are left out. */
  readonly stamps: Map<string, Stamp>
  readonly skipped: readonly SkippedFile[]
  /** Files that a killed run was copying. */
  readonly leftovers: readonly string[]
}

export interface SkippedFile {
  readonly path: string
  readonly reason: string
}

/** Files up to this size are read at once. */
const SMALL_BYTES = 1 << 20

/** Within this time two writes may leave the same times: a tick of the kernel, or the two seconds of FAT, whose times are whole seconds. */
const [TICK_MS, FAT_MS] = [50, 2_500]

const SHOWN_EVERY = 1_000

/** @throws the system's error when a folder is not there any more, or its disk fails: what is below it would else count as deleted */
export async function scanTree(root: string, options: ScanOptions): Promise<SideScan> {
  const [tree, stamps] = [new Map<string, SideEntry>(), new Map<string, Stamp>()]
  const [skipped, leftovers]: [SkippedFile[], string[]] = [[], []]
  const startMs = Date.now()
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = entriesOf(root, folder)
    if (typeof entries === 'string') {
      tree.delete(folder)
      skipped.push({ path: folder, reason: entries })
      continue
    }
    const names = new Set(entries.map((entry) => entry.name))
    for (const found of entries) {
      const name = folder === '' ? found.name : `${folder}/${found.name}`
      if (found.name.startsWith(PASSING)) leftovers.push(name)
      if (options.isExcluded(found.isDirectory() ? `${name}/` : name)) continue
      const file = path.join(root, name)
      const special = found.isDirectory() ? clusterReason(file) : specialReason(found, names)
      const reason = special ?? nameReason(file)
      if (reason !== undefined) {
        skipped.push({ path: name, reason })
        continue
      }
      if (found.isDirectory()) {
        tree.set(name, { kind: 'folder', content: '', sizeBytes: 0, mtimeMs: 0 })
        folders.push(name)
        continue
      }
      const reading = addFile(root, name, { options, tree, stamps, skipped, startMs })
      if (reading !== undefined) await reading
      if (tree.size % SHOWN_EVERY === 0) options.progress(tree.size)
    }
  }
  return { tree, stamps, skipped, leftovers }
}

/** What a folder has; or why it cannot be read. What is below it stays as it is on both sides. @throws what any other folder would meet, too */
function entriesOf(root: string, folder: string): Dirent[] | string {
  try {
    return readdirSync(path.join(root, folder), { withFileTypes: true })
  } catch (error) {
    const reason = folder === '' ? undefined : unreadableReason(error)
    if (reason === undefined) throw error
    return reason
  }
}

function unreadableReason(error: unknown): string | undefined {
  const { code = '' } = error as NodeJS.ErrnoException
  // Windows says EBUSY of a file that a program keeps to itself
  return ['EACCES', 'EPERM', 'EBUSY'].includes(code) ? `cannot be read (${code})` : undefined
}

/** Node puts a U+FFFD for bytes that are no UTF-8: under the name that it gives there is nothing. */
function nameReason(file: string): string | undefined {
  if (!path.basename(file).includes('\uFFFD') || lstatSync(file, { throwIfNoEntry: false })) return undefined
  return 'has a name that is no UTF-8'
}

/** Logs that a database keeps beside its file while it is in use: SQLite's, in both of its modes, and DuckDB's. The file alone would lack what is in them. */
const LOGS = ['-wal', '-journal', '.wal']

function specialReason(found: Dirent, beside: ReadonlySet<string>): string | undefined {
  const { name } = found
  if (!found.isFile() && !found.isSymbolicLink()) return 'is no file, folder or link'
  const base = LOGS.filter((log) => name.endsWith(log)).map((log) => name.slice(0, -log.length))[0]
  if (LOGS.some((log) => beside.has(`${name}${log}`)) || (base !== undefined && beside.has(base)))
    return 'is a database in use, whose file alone would lack its log: name it as a source, or exclude it'
  return undefined
}

/** Copied while the server writes, the files of a data directory do not fit each other. */
function clusterReason(folder: string): string | undefined {
  if (!existsSync(path.join(folder, 'PG_VERSION'))) return undefined
  return 'is a data directory of PostgreSQL: name the database as a source, and back it up (tandem backup)'
}

interface Scanning extends Pick<SideScan, 'tree' | 'stamps'> {
  readonly skipped: SkippedFile[]
  readonly options: ScanOptions
  readonly startMs: number
}

/** Waits only for a file that has to be read: of ten thousand that are known, each waiting took as long as the look at it. */
function addFile(root: string, name: string, at: Scanning): Promise<void> | undefined {
  const file = `${root}${path.sep}${name}`
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (stats === undefined) return undefined // it was removed while the folder was read
  const stamp = stampOf(stats)
  const known = stats.isFile() ? at.options.known(name, stamp) : undefined
  if (known !== undefined) {
    at.tree.set(name, known)
    at.stamps.set(name, stamp)
    return undefined
  }
  return addUnknown(name, stats, { ...at, file })
}

async function addUnknown(name: string, stats: Stats, at: Scanning & { readonly file: string }): Promise<void> {
  const content = await contentOf(at.file, stats).catch((error: unknown) => {
    const reason = unreadableReason(error)
    if (reason === undefined) throw error
    at.skipped.push({ path: name, reason })
    return undefined
  })
  if (content === undefined) return
  const kind = stats.isFile() ? 'file' : 'link'
  at.tree.set(name, { kind, content, sizeBytes: stats.size, mtimeMs: stats.mtimeMs })
  const stamp = stampOf(stats)
  if (isSettled(stamp, at.startMs)) at.stamps.set(name, stamp)
}

/** False for a file that was written so lately that another write may leave the same times. */
export function isSettled({ mtimeMs, ctimeMs }: Stamp, nowMs: number): boolean {
  const newest = Math.max(mtimeMs, ctimeMs)
  return nowMs - newest > (mtimeMs % 1_000 === 0 ? FAT_MS : TICK_MS)
}

/** What an entry of a tree has as `content`. Undefined: it is gone. */
export async function contentOf(file: string, stats: Stats): Promise<string | undefined> {
  try {
    if (!stats.isFile()) return readlinkSync(file)
    if (stats.size > SMALL_BYTES) return (await fileDigest(file)).sha256
    return createHash('sha256').update(readFileSync(file)).digest('hex')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function stampOf({ size, mtimeMs, ctimeMs, ino }: Stamp): Stamp {
  return { size, mtimeMs, ctimeMs, ino }
}

export function sameStamp(a: Stamp | undefined, b: Stamp | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino
}

/** The stamp of what is there now, whatever it is; undefined: nothing. */
export async function stampNow(file: string): Promise<Stamp | undefined> {
  try {
    return stampOf(await lstat(file))
  } catch (error) {
    // below a file there is nothing, either
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
