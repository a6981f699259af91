/** Where the mirror of a clone is, and what keeps the parts of `tandem mirror` from running at once. */
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
  /** From the root, with `/` between its parts. */
  readonly path: string
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
    leftOut: databases.flatMap(({ path: name }) => BESIDE.map((end) => `/${escaped(`${name}${end}`)}`)),
    nowMs: invocation.nowMs,
    progress: invocation.progress,
  }
}

/** The database's file, and what SQLite keeps beside it. */
const BESIDE = ['', '-wal', '-shm', '-journal']

function escaped(name: string): string {
  return name.replace(/[\\*?[\]!# ]/g, String.raw`\$&`)
}

function isWithin(folder: string, file: string): boolean {
  const way = path.relative(folder, file)
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way))
}

/** The configured SQLite databases that are files of the work tree. One whose URL cannot be read now is none. */
function liveFiles({ config, lookups }: Workspace, root: string): LiveFile[] {
  return config.sources.flatMap((source) => {
    try {
      const { url } = sourceUrl(source, lookups)
      const file = engineOf(url) === 'sqlite' ? sqliteFile(url, root) : undefined
      if (file === undefined || !isWithin(root, file)) return []
      return [{ source: source.name, path: path.relative(root, file).split(path.sep).join('/') }]
    } catch {
      return []
    }
  })
}

/** One part of the mirror at work at a time. @throws LockedError */
export function withMirror<Result>(place: MirrorPlace, waitMs: number, work: () => Promise<Result>): Promise<Result> {
  return withLock(place.folder, waitMs, work)
}
