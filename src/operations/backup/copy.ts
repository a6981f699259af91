/** `tandem backup copy`: second copies at every configured place. One that cannot be reached does not keep the others from theirs. */
import { readCatalogue } from '../../backup/catalogue.ts'
import { type CopiedTo, copyBackups } from '../../backup/copy.ts'
import { ownFolder, withFolder } from '../../backup/place.ts'
import { backupSettings } from '../../backup/settings.ts'
import { type SourceFailure, asTandemError } from '../../source/sources.ts'
import { recordRun } from '../../workspace/runs.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { log } from './create.ts'
import type { BackupFolder } from './look.ts'

export interface Copies {
  readonly done: readonly CopiedTo[]
  /** `source` is the place, as it is configured. */
  readonly failures: readonly SourceFailure[]
}

/** Copies what is missing at each place. @throws LockedError while another run writes into the folder */
export async function copyAll(workspace: Workspace, { folder }: BackupFolder, trigger: string): Promise<Copies> {
  const { invocation } = workspace
  const { copies } = backupSettings(workspace)
  const started = new Date(invocation.nowMs()).toISOString()
  const done: CopiedTo[] = []
  const failures: SourceFailure[] = []
  const options = { ...invocation, folder, work: ownFolder(folder), nowMs: invocation.nowMs() }
  const work = async (): Promise<void> => {
    const entries = await readCatalogue(folder)
    for (const target of copies)
      try {
        done.push(await copyBackups(target, { ...options, entries }))
      } catch (error) {
        failures.push({ source: target.written, error: asTandemError(error) })
      }
  }
  if (invocation.dryRun || copies.length === 0) {
    await work()
    return { done, failures }
  }
  await withFolder(folder, 1_000, work)
  const copied = done.reduce((sum, each) => sum + each.copied.length, 0)
  const lines = failures.map(({ source, error }) => `ERROR backup copy to ${source}: ${error.message}`)
  const message = lines[0] ?? `${copied} copied`
  await log(workspace, folder, [...lines, ...(lines.length > 0 ? [] : [`Backup copy: ${message}`])])
  await recordRun(workspace, 'copy', {
    trigger,
    started,
    ended: new Date(invocation.nowMs()).toISOString(),
    exitCode: failures[0]?.error.exitCode ?? 0,
    message,
    figures: { copied },
  })
  return { done, failures }
}
