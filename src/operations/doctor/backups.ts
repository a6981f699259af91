/** What `tandem doctor` says of backups: whether they are approved here, and what the newest one is. How old it may be is the health check's business. */
import { checkBackupApproval } from '../../backup/approval.ts'
import { readCatalogue } from '../../backup/catalogue.ts'
import { isGood } from '../../backup/retention.ts'
import { backupSettings } from '../../backup/settings.ts'
import { TandemError } from '../../model/errors.ts'
import { age } from '../../report/age.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type Check, failedBy, ok, warn } from './check.ts'

/** A clone without backups is no fault of it; damaged ones are worth a look. */
export async function checkBackupState(workspace: Workspace): Promise<Check> {
  try {
    await checkBackupApproval(workspace)
    const entries = await readCatalogue(backupSettings(workspace).folder)
    const damaged = entries.filter(({ problem }) => problem !== undefined)
    if (damaged.length > 0)
      return warn('backups', `${damaged.length} cannot be relied on`, 'tandem backup list names them.')
    const newest = entries.findLast(isGood)
    if (newest === undefined) return ok('backups', 'none yet; to make one: tandem backup')
    const passed = workspace.invocation.nowMs() - Date.parse(newest.also.at(-1)?.time ?? newest.time)
    return ok('backups', `the newest is ${newest.file} (${age(passed)})`)
  } catch (error) {
    if (!(error instanceof TandemError)) throw error
    return failedBy('backups', error)
  }
}
