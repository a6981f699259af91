/** Where the mirror of a clone is, and what keeps the parts of `tandem mirror` from running at once. */
import { realpathSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { sourceUrl } from '../../config/source-url.ts'
import { sqliteFile } from '../../config/sqlite-file.ts'
import { engineOf } from '../../config/written-url.ts'
import { withLock } from '../../io/lock.ts'
import type { MirrorPlace } from '../../mirror/run.ts'
import { UsageError } from '../../model/errors.ts'
import { filledOption } from '../../workspace/outward.ts'
import type { Workspace } from '../../workspace/workspace.ts'

/** An SQLite file of the work tree: the mirror gets a copy of one moment of it. */
export interface LiveFile {
  readonly source: string
  /** From the root, with `/` between its parts: where the mirror has the copy. Its folder is no link and not behind one. */
  readonly path: string
  /** The live file itself, absolute, whatever links lead to it: its log is beside this one. */
  readonly file: string
}

export interface MirrorClone extends MirrorPlace {
  readonly databases: readonly LiveFile[]
}

/** @throws UsageError when no mirror is configured, or one folder would be inside the other */
export async function mirrorPlace(workspace: Workspace): Promise<MirrorClone> {
  const { config, repository, dataDir, invocation } = workspace
  const { mirror } = config
  if (mirror === undefined)
    throw new UsageError('no mirror is configured', {
      hint: 'Add to tandem.config.json: "mirror": {"to": "/mnt/second/app"} (docs/mirror.md).',
    })
  const primary = await realpath(repository.root)
  const named = path.resolve(repository.root, filledOption(workspace, mirror.to, 'mirror.to'))
  const to = await realpath(named).catch(() => named)
  if (isWithin(primary, to) || isWithin(to, primary))
    throw new UsageError(`mirror.to: ${to} and ${primary} are one within the other`, {
      hint: 'Name a folder of its own, best on another disk.',
    })
  const databases = liveFiles(workspace, primary)
  return {
    roots: { primary, mirror: to },
    folder: path.join(dataDir, 'mirror'),
    config: mirror,
    databases,
    leftOut: databases.flatMap((database) => leftOutFor(database, primary)),
    nowMs: invocation.nowMs,
    progress: invocation.progress,
  }
}

/** The database's file, and what SQLite keeps beside it. */
const BESIDE = ['', '-wal', '-shm', '-journal']

/** Patterns of the files that are the database: under the name of the copy, and where they are. */
function leftOutFor({ path: name, file }: LiveFile, root: string): string[] {
  const names = new Set([name, ...(isWithin(root, file) ? [fromRoot(root, file)] : [])])
  return [...names].flatMap((each) => BESIDE.map((end) => `/${escaped(`${each}${end}`)}`))
}

function fromRoot(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/')
}

function escaped(name: string): string {
  return name.replace(/[\\*?[\]!# ]/g, String.raw`\$&`)
}

export function isWithin(folder: string, file: string): boolean {
  const way = path.relative(folder, file)
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way))
}

/** The configured SQLite databases that are files of the work tree. One whose URL cannot be read now is none, and one in a folder that a link leads to outside is not of the work tree. */
function liveFiles({ config, lookups }: Workspace, root: string): LiveFile[] {
  return config.sources.flatMap((source) => {
    try {
      const { url } = sourceUrl(source, lookups)
      const file = engineOf(url) === 'sqlite' ? sqliteFile(url, root) : undefined
      if (file === undefined) return []
      const at = path.resolve(root, file)
      const place = path.join(followed(path.dirname(at)), path.basename(at))
      return isWithin(root, place) ? [{ source: source.name, path: fromRoot(root, place), file: followed(place) }] : []
    } catch {
      return []
    }
  })
}

/** The path without links on its way. What is not there, as where a database was lost, has none. */
function followed(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    const folder = path.dirname(file)
    return folder === file ? file : path.join(followed(folder), path.basename(file))
  }
}

/** One part of the mirror at work at a time. @throws LockedError */
export function withMirror<Result>(place: MirrorPlace, waitMs: number, work: () => Promise<Result>): Promise<Result> {
  return withLock(place.folder, waitMs, work)
}
