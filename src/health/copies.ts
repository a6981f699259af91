/** Where the copies lie, and what must not lie there: a live database file in the mirror is copied half-written. */
import path from 'node:path'
import { sourceUrl } from '../config/source-url.ts'
import { sqliteFile } from '../config/sqlite-file.ts'
import { engineOf } from '../config/written-url.ts'
import { filledOption } from '../workspace/outward.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type HealthCheck, alarm, well } from './check.ts'
import { type WatchedFolder, isBelow } from './disk.ts'

/** The options of mirror and backups that say where they are; `words` of the configuration tells whether they are meant at all. */
interface CopyPlaces {
  readonly mirror?: { readonly to: string } | undefined
  readonly backup?: { readonly folder: string } | undefined
}

/** The folders of the copies. One whose variable is not set is left out: the command that needs it says so. */
export function copyFolders(workspace: Workspace): readonly WatchedFolder[] {
  const { config, repository } = workspace
  const { mirror, backup } = config as typeof config & CopyPlaces
  const written: readonly (readonly [name: string, word: string, folder: string | undefined])[] = [
    ['mirror', 'mirror', mirror?.to],
    ['backups', 'backup', backup?.folder],
  ]
  return written.flatMap(([name, word, folder]) => {
    if (folder === undefined || !config.words.includes(word)) return []
    const filled = filledOrNone(workspace, folder, word)
    return filled === undefined ? [] : [{ name, path: path.resolve(repository.root, filled) }]
  })
}

function filledOrNone(workspace: Workspace, template: string, word: string): string | undefined {
  try {
    return filledOption(workspace, template, word)
  } catch {
    return undefined
  }
}

/** That no database of this clone lies in the mirror. */
export function checkMirroredDatabases(
  workspace: Workspace,
  folders: readonly WatchedFolder[],
): readonly HealthCheck[] {
  const mirror = folders.find(({ name }) => name === 'mirror')
  if (mirror === undefined) return []
  const inside = workspace.config.sources.filter((source) => {
    const file = databaseFile(workspace, source)
    return file !== undefined && isBelow(mirror.path, file)
  })
  if (inside.length === 0) return [well('mirror', 'no live database lies in it')]
  const names = inside.map(({ name }) => name).join(', ')
  return [
    alarm(
      'mirror',
      `the database of ${names} lies in the mirror`,
      'Move the database out of the mirror, and correct its url.',
    ),
  ]
}

function databaseFile(workspace: Workspace, source: Workspace['config']['sources'][number]): string | undefined {
  try {
    const { url } = sourceUrl(source, workspace.lookups)
    const { root } = workspace.repository
    return engineOf(url) === 'sqlite' ? path.resolve(root, sqliteFile(url, root)) : undefined
  } catch {
    return undefined
  }
}
