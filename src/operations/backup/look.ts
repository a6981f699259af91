/** `tandem backup list`, `show` and `check`: what there is, what is in one of them, and whether it can be relied on. */
import os from 'node:os'
import type { Dumps } from '../../adapters/dump.ts'
import { checkBackupApproval } from '../../backup/approval.ts'
import { type CatalogueEntry, findEntry, readCatalogue, updateCatalogue } from '../../backup/catalogue.ts'
import {
  type BackupLevel,
  type CheckedArchive,
  type OpeningOptions,
  checkArchive,
  withOpened,
} from '../../backup/check.ts'
import type { ArchiveKeys } from '../../backup/encryption.ts'
import type { Manifest } from '../../backup/manifest.ts'
import { ownFolder, withFolder } from '../../backup/place.ts'
import { backupSettings } from '../../backup/settings.ts'
import { targetOf } from '../../backup/targets.ts'
import { recordRun } from '../../workspace/runs.ts'
import type { Invocation, Workspace } from '../../workspace/workspace.ts'

/** A folder of backups, of this clone or one that a person names. */
export interface BackupFolder extends OpeningOptions {
  /** Undefined: the folder was named, and no repository is needed. */
  readonly workspace: Workspace | undefined
}

/** The folder that the configuration names. @throws GuardError when it is not approved here */
export async function ownBackups(workspace: Workspace): Promise<BackupFolder> {
  await checkBackupApproval(workspace)
  const { folder, keys } = backupSettings(workspace)
  return { folder, keys, work: ownFolder(folder), invocation: workspace.invocation, workspace }
}

/** A folder that a person names. Nothing is written into it. */
export function namedBackups(invocation: Invocation, folder: string, keys: ArchiveKeys | undefined): BackupFolder {
  return { folder, keys, work: os.tmpdir(), invocation, workspace: undefined }
}

/** The archives, the oldest first. */
export function listBackups({ folder }: BackupFolder): Promise<readonly CatalogueEntry[]> {
  return readCatalogue(folder)
}

/** The manifest of an archive. @param word a stamp, a name, or `latest` @throws DamagedError when there is none, or it cannot be opened */
export async function showBackup(
  backups: BackupFolder,
  word: string | undefined,
): Promise<{ readonly entry: CatalogueEntry; readonly manifest: Manifest }> {
  const entry = findEntry(await readCatalogue(backups.folder), word, backups.folder)
  return { entry, manifest: await withOpened(entry, backups, async ({ manifest }) => manifest) }
}

export interface CheckRequest {
  /** Stamps or names; empty: the newest one. */
  readonly words: readonly string[]
  readonly all: boolean
  readonly level: BackupLevel
  readonly trigger: string
}

/** Checks archives, and writes what it found into the catalogue of the clone's own folder. @throws DamagedError when there is no backup */
export async function checkBackups(backups: BackupFolder, request: CheckRequest): Promise<readonly CheckedArchive[]> {
  const { workspace, folder, invocation } = backups
  const started = new Date(invocation.nowMs()).toISOString()
  const work = async (): Promise<readonly CheckedArchive[]> => {
    const entries = await readCatalogue(folder)
    const chosen = request.all
      ? entries
      : request.words.length === 0
        ? [findEntry(entries, 'latest', folder)]
        : request.words.map((word) => findEntry(entries, word, folder))
    const checked: CheckedArchive[] = []
    for (const entry of chosen) {
      const one = await checkArchive(entry, {
        ...backups,
        level: request.level,
        dumpsOf: (name) => dumpsOf(workspace, name),
      })
      checked.push(one)
      if (workspace !== undefined) await updateCatalogue(folder, [one.entry])
    }
    return checked
  }
  const checked = workspace === undefined ? await work() : await withFolder(folder, 1_000, work)
  const damaged = checked.filter(({ level }) => level === undefined)
  if (workspace !== undefined)
    await recordRun(workspace, 'backup-check', {
      trigger: request.trigger,
      started,
      ended: new Date(invocation.nowMs()).toISOString(),
      exitCode: damaged.length > 0 ? 4 : 0,
      message:
        damaged.length > 0
          ? `ERROR damaged: ${damaged.map(({ entry }) => entry.file).join(', ')}`
          : `${checked.length} checked`,
      figures: { checked: checked.length, damaged: damaged.length },
    })
  return checked
}

/** The dumps of a configured source; undefined: this clone has no such source. */
async function dumpsOf(workspace: Workspace | undefined, name: string): Promise<Dumps | undefined> {
  const config = workspace?.config.sources.find((each) => each.name === name)
  return workspace === undefined || config === undefined ? undefined : (await targetOf(workspace, config)).dumps
}
