/** `tandem backup create`: one archive of all sources, told to the log, the record of runs and, where it is configured, the table `backup_logs`. */
import { appendFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { approvalLines, approveBackup, checkBackupApproval } from '../../backup/approval.ts'
import { markFolder } from '../../backup/copy-place.ts'
import { type BackupOrder, type MadeBackup, createBackup } from '../../backup/create.ts'
import { configurationFiles } from '../../backup/files.ts'
import { isTrigger } from '../../backup/names.ts'
import { withFolder } from '../../backup/place.ts'
import { repositoryNow } from '../../backup/repository.ts'
import { type BackupSettings, backupSettings } from '../../backup/settings.ts'
import type { StagedSource } from '../../backup/stage.ts'
import { targetOf } from '../../backup/targets.ts'
import { excludeFolder } from '../../git/info-exclude.ts'
import { logLine } from '../../io/log.ts'
import { TandemError, UsageError } from '../../model/errors.ts'
import { sizeWords } from '../../model/duration.ts'
import type { Only } from '../../source/only.ts'
import { type SourceFailure, asTandemError, chosenSources } from '../../source/sources.ts'
import { recordRun } from '../../workspace/runs.ts'
import type { Workspace } from '../../workspace/workspace.ts'

export interface CreateOptions {
  readonly trigger: string
  readonly only: Only | undefined
  readonly always: boolean
}

/** What a backup would hold. */
export interface PlannedBackup {
  readonly folder: string
  readonly sources: readonly string[]
  readonly files: readonly string[]
  readonly encrypted: boolean
  readonly copies: readonly string[]
}

/** @throws GuardError when the configuration of backups is not approved here */
export async function planBackup(workspace: Workspace, options: CreateOptions): Promise<PlannedBackup> {
  await checkBackupApproval(workspace)
  const settings = backupSettings(workspace)
  return {
    folder: settings.folder,
    sources: chosenSources(workspace, options.only).map(({ name }) => name),
    files: await configurationFiles(workspace.repository.root, settings.files),
    encrypted: settings.keys !== undefined,
    copies: settings.copies.map(({ written }) => written),
  }
}

/** Approves the configuration of backups in this clone, and marks the folders of copies as those that are meant. Answers what was or would be approved, a line each. */
export async function approveBackups(workspace: Workspace): Promise<readonly string[]> {
  if (workspace.invocation.dryRun) return approvalLines(workspace.config.backup)
  for (const target of backupSettings(workspace).copies) await markFolder(target)
  return approveBackup(workspace)
}

const WAIT_MS = 1_000

/** Makes a backup. @throws GuardError, LockedError, UsageError, UnreachableError, TandemError: no archive was made then, and the failure is in the log and the record of runs */
export async function backup(workspace: Workspace, options: CreateOptions): Promise<MadeBackup> {
  if (!isTrigger(options.trigger))
    throw new UsageError(`--trigger ${options.trigger}: lower-case letters, digits and hyphens, 32 at most`)
  const startedMs = workspace.invocation.nowMs()
  const run = { trigger: options.trigger, startedMs }
  try {
    await checkBackupApproval(workspace)
    const settings = backupSettings(workspace)
    const { order, failures } = await orderFor(workspace, settings, options)
    const made = await withFolder(settings.folder, WAIT_MS, async () => {
      await ignoreFolder(workspace, settings.folder)
      return createBackup(workspace, order)
    })
    const all = { ...made, failures: [...failures, ...made.failures] }
    await tell(workspace, settings, { ...run, made: all, order })
    return all
  } catch (error) {
    await tellFailure(workspace, { ...run, error: asTandemError(error) })
    throw error
  }
}

/** What is to be backed up. A source that is not approved or whose URL does not work is a failure of its own. @throws its error when there is no other source */
async function orderFor(
  workspace: Workspace,
  settings: BackupSettings,
  options: CreateOptions,
): Promise<{ readonly order: BackupOrder; readonly failures: readonly SourceFailure[] }> {
  const sources: StagedSource[] = []
  const failures: SourceFailure[] = []
  for (const config of chosenSources(workspace, options.only))
    try {
      const { dumps } = await targetOf(workspace, config)
      sources.push({ name: config.name, dumps, id: workspace.settings.get(`source.${config.name}.id`) })
    } catch (error) {
      failures.push({ source: config.name, error: asTandemError(error) })
    }
  const [first] = failures
  if (sources.length === 0 && first !== undefined) throw first.error
  const order: BackupOrder = {
    folder: settings.folder,
    format: settings.format,
    trigger: options.trigger,
    sources,
    files: await configurationFiles(workspace.repository.root, settings.files),
    repository: await repositoryNow(workspace.repository),
    keys: settings.keys,
    always: options.always,
  }
  return { order, failures }
}

/** A folder in the work tree is none of git's business. */
async function ignoreFolder({ repository }: Workspace, folder: string): Promise<void> {
  const inside = path.relative(repository.root, folder)
  if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside)) return
  await excludeFolder(repository, inside.split(path.sep).join('/'))
}

interface BackupRun {
  readonly trigger: string
  readonly startedMs: number
}

async function tell(
  workspace: Workspace,
  settings: BackupSettings,
  run: BackupRun & { readonly made: MadeBackup; readonly order: BackupOrder },
): Promise<void> {
  const { made, order } = run
  const { entry, failures, isNew } = made
  const what = isNew ? `${entry.file}, ${sizeWords(entry.sizeBytes)}` : `${entry.file} has this content already`
  const lines = [
    ...failures.map(({ source, error }) => `ERROR backup of ${source}: ${error.message}`),
    ...(entry.suspect === undefined ? [] : [`ERROR backup: ${entry.suspect}`]),
    `Backup process completed: ${what}`,
  ]
  await log(workspace, settings.folder, lines)
  const ended = new Date(workspace.invocation.nowMs()).toISOString()
  const started = new Date(run.startedMs).toISOString()
  const records = entry.sources.reduce((sum, each) => sum + each.records, 0)
  const exitCode = failures[0]?.error.exitCode ?? (entry.suspect === undefined ? 0 : 1)
  const status = exitCode === 0 ? 'done' : 'failed'
  const row = { started, ended, status, archive: entry.file, sizeBytes: entry.sizeBytes, message: lines[0] ?? '' }
  for (const { name, dumps } of order.sources)
    if (settings.sources[name]?.log === true)
      await dumps
        .log(row)
        .catch((error: Error) => log(workspace, settings.folder, [`ERROR backup_logs of ${name}: ${error.message}`]))
  await recordRun(workspace, 'backup', {
    trigger: run.trigger,
    started,
    ended,
    exitCode,
    message: lines[0] ?? '',
    figures: { sizeBytes: entry.sizeBytes, records, sources: entry.sources.length },
  })
}

async function tellFailure(workspace: Workspace, run: BackupRun & { readonly error: TandemError }): Promise<void> {
  const { error } = run
  const ended = new Date(workspace.invocation.nowMs()).toISOString()
  await log(workspace, undefined, [`ERROR backup: ${error.message}`]).catch(() => undefined) // a full disk takes no line, either
  await recordRun(workspace, 'backup', {
    trigger: run.trigger,
    started: new Date(run.startedMs).toISOString(),
    ended,
    exitCode: error.exitCode,
    message: error.message,
    figures: {},
  }).catch(() => undefined)
}

const LOG_BYTES = 1 << 20

/** Writes lines to the log of the clone, and to `backup.log` beside the archives, where a monitor of the folder finds them. */
export async function log(workspace: Workspace, folder: string | undefined, lines: readonly string[]): Promise<void> {
  const ms = workspace.invocation.nowMs()
  for (const line of lines) await logLine(workspace.dataDir, ms, line)
  if (folder === undefined) return
  const file = path.join(folder, 'backup.log')
  const { size } = await stat(file).catch(() => ({ size: 0 }))
  if (size > LOG_BYTES) await rename(file, `${file}.1`)
  const text = lines.map((line) => `${new Date(ms).toISOString()} ${line.replace(/\s*\n\s*/g, ' | ')}\n`).join('')
  await appendFile(file, text, { mode: 0o600 })
}
