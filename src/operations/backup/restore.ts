/** `tandem backup restore`: brings databases back to what an archive holds. What is there now is saved first, as a backup with the trigger `before-restore`. */
import { findEntry, readCatalogue, type CatalogueEntry } from '../../backup/catalogue.ts'
import { openAdapter } from '../../adapters/open.ts'
import { withOpened } from '../../backup/check.ts'
import { createBackup } from '../../backup/create.ts'
import type { OpenedArchive } from '../../backup/archive.ts'
import { stampOf } from '../../backup/names.ts'
import { withFolder } from '../../backup/place.ts'
import { repositoryNow } from '../../backup/repository.ts'
import {
  type RestorePreview,
  type RestoreTarget,
  type RestoredSource,
  previewArchive,
  restoreArchive,
} from '../../backup/restore.ts'
import { backupSettings } from '../../backup/settings.ts'
import { namedTargets, targetOf } from '../../backup/targets.ts'
import { GuardError, UnreachableError, UsageError } from '../../model/errors.ts'
import type { Only } from '../../source/only.ts'
import { chosenSources } from '../../source/sources.ts'
import { readSyncState } from '../../source/sync-state.ts'
import { recordRun } from '../../workspace/runs.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { log } from './create.ts'
import type { BackupFolder } from './look.ts'

export interface RestoreRequest {
  /** A stamp, an archive's name, or `latest`. */
  readonly word: string | undefined
  /** `NAME=URL`: databases that are named, in place of the configured ones. */
  readonly to: readonly string[]
  readonly only: Only | undefined
  readonly inPlace: boolean
  readonly disconnect: boolean
}

export interface RestoreAnswer {
  readonly entry: CatalogueEntry
  readonly restored: readonly RestoredSource[]
  /** The archive with what was there before; undefined: there was nothing to save. */
  readonly saved: string | undefined
  readonly notes: readonly string[]
}

/** What a restore would change. @throws DamagedError, UsageError */
export async function previewBackup(
  backups: BackupFolder,
  request: RestoreRequest,
): Promise<{ readonly entry: CatalogueEntry; readonly sources: readonly RestorePreview[] }> {
  const entry = findEntry(await readCatalogue(backups.folder), request.word, backups.folder)
  const sources = await withOpened(entry, backups, async (archive) => {
    return previewArchive(archive, await targetsFor(backups, request, archive))
  })
  return { entry, sources }
}

/** Restores. @throws DamagedError, GuardError, LockedError, UsageError, UnreachableError: nothing live is changed then, or the message says what */
export async function restoreBackup(backups: BackupFolder, request: RestoreRequest): Promise<RestoreAnswer> {
  const { workspace, folder, invocation } = backups
  const started = new Date(invocation.nowMs()).toISOString()
  const work = async (): Promise<RestoreAnswer> => {
    const entry = findEntry(await readCatalogue(folder), request.word, folder)
    return withOpened(entry, backups, async (archive) => {
      const targets = await targetsFor(backups, request, archive)
      const isOwn = workspace !== undefined && request.to.length === 0
      const before = isOwn ? await saveBefore(workspace, targets) : await refuseFilled(targets, request)
      const restored = await restoreArchive(archive, {
        targets,
        inPlace: request.inPlace,
        disconnect: request.disconnect,
        stamp: stampOf(invocation.nowMs()),
        saved: before.digests,
        progress: invocation.progress,
      })
      const notes = isOwn ? await bindingNotes(workspace, targets) : []
      return { entry, restored, saved: before.file, notes: [...before.notes, ...notes] }
    })
  }
  if (workspace === undefined) return work()
  const answer = await withFolder(folder, 1_000, work)
  const names = answer.restored.map(({ source }) => source)
  const message = `restored ${names.join(', ')} from ${answer.entry.file}`
  await log(workspace, folder, [message])
  await recordRun(workspace, 'backup-restore', {
    trigger: 'user',
    started,
    ended: new Date(invocation.nowMs()).toISOString(),
    exitCode: 0,
    message,
    figures: { records: answer.restored.reduce((sum, { records }) => sum + records, 0) },
  })
  return answer
}

/** The databases to restore into: those that are named, else all configured ones that are in the archive. @throws UsageError when there is none */
async function targetsFor(
  { workspace, invocation }: BackupFolder,
  { to, only }: RestoreRequest,
  { manifest }: OpenedArchive,
): Promise<readonly RestoreTarget[]> {
  if (to.length > 0) return namedTargets(invocation, to)
  const names = manifest.sources.map(({ name }) => name)
  if (workspace === undefined)
    throw new UsageError('name the databases to restore into', {
      hint: names.map((name) => `--to ${name}=URL`).join(' '),
    })
  const chosen = chosenSources(workspace, only).filter(({ name }) => names.includes(name))
  if (chosen.length === 0) throw new UsageError(`the backup has none of these sources; it has: ${names.join(', ')}`)
  return Promise.all(chosen.map((config) => targetOf(workspace, config)))
}

/** What was saved before a restore. */
interface SavedBefore {
  readonly file: string | undefined
  /** Source → digest of what was saved. */
  readonly digests: ReadonlyMap<string, string>
  readonly notes: readonly string[]
}

/** Saves what the databases hold. One that does not answer any more is what the restore is for. @throws TandemError when one that answers cannot be saved */
async function saveBefore(workspace: Workspace, targets: readonly RestoreTarget[]): Promise<SavedBefore> {
  const notes: string[] = []
  const there: RestoreTarget[] = []
  for (const target of targets) {
    const problem = await problemOf(target)
    if (problem === undefined) there.push(target)
    else notes.push(`${target.source}: what was there before could not be saved: ${problem}`)
  }
  if (there.length === 0) return { file: undefined, digests: new Map(), notes }
  const { folder, format, keys } = backupSettings(workspace)
  const { entry, failures } = await createBackup(workspace, {
    folder,
    format,
    keys,
    trigger: 'before-restore',
    sources: there.map(({ source, dumps }) => ({ name: source, dumps, id: undefined })),
    files: [],
    repository: await repositoryNow(workspace.repository),
    always: false,
  })
  const [failure] = failures
  if (failure !== undefined) throw failure.error
  return { file: entry.file, digests: new Map(entry.sources.map(({ name, digest }) => [name, digest])), notes }
}

/** Why a database cannot be read; undefined: it can. */
async function problemOf({ source, url, root }: RestoreTarget): Promise<string | undefined> {
  try {
    const adapter = await openAdapter(url, { source, root, connectTimeoutMs: 10_000 })
    try {
      await adapter.describe()
      return undefined
    } finally {
      await adapter.close()
    }
  } catch (error) {
    if (error instanceof UnreachableError) return error.message
    throw error
  }
}

/** What goes into a database that a person names is not saved before, so a database that is written in place has to be empty. @throws GuardError */
async function refuseFilled(targets: readonly RestoreTarget[], { inPlace }: RestoreRequest): Promise<SavedBefore> {
  for (const { source, url, root, dumps } of targets) {
    if (!inPlace && dumps.holdsRecords) continue
    const adapter = await openAdapter(url, { source, root, connectTimeoutMs: 10_000 })
    try {
      const { collections } = await adapter.describe()
      const records = await adapter.snapshot(async (snapshot) => {
        let sum = 0
        for (const schema of collections) sum += await snapshot.count(schema)
        return sum
      })
      if (records > 0)
        throw new GuardError(`the database for ${source} holds ${records} records, and nothing would be saved before`, {
          hint: 'Name an empty database, or restore inside the repository.',
        })
    } finally {
      await adapter.close()
    }
  }
  return { file: undefined, digests: new Map(), notes: [] }
}

/** Says where a restored database is not the one that this clone is bound to: it was made anew since the backup. */
async function bindingNotes(workspace: Workspace, targets: readonly RestoreTarget[]): Promise<readonly string[]> {
  const notes: string[] = []
  for (const { source, url, root } of targets) {
    const expected = workspace.settings.get(`source.${source}.id`)
    const adapter = await openAdapter(url, { source, root, connectTimeoutMs: 10_000 })
    const { id } = readSyncState(await adapter.readState())
    await adapter.close()
    if (expected !== undefined && id !== expected)
      notes.push(
        `${source} is another database than the one this clone is bound to; before the next push or pull: tandem init`,
      )
  }
  return notes
}
