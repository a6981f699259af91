/** Trust: a pulled configuration may not send backups elsewhere, encrypt them for somebody else, or have the old ones removed. What could do that is approved once in each clone. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import stringify from 'fast-json-stable-stringify'
import { type BackupConfig, resolveBackup } from '../config/backup.ts'
import { checkInsideWorkTree } from '../config/place.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { GuardError } from '../model/errors.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** True for a folder that is named from the root, as the default is. */
function isInside(folder: string): boolean {
  return !/^[/\\~]|^[a-z]:|\.\.|\$\{/i.test(folder)
}

/** What needs approval, a line each for people: where archives go, who can read them, and a policy by which they are removed. None for the defaults. */
export function approvalLines({ folder, encrypt, copy, keep, sources }: BackupConfig): readonly string[] {
  const standard = stringify(resolveBackup().keep)
  const policies = [
    ['keep', keep] as const,
    ...Object.entries(sources).map(([name, own]) => [`keep of ${name}`, own.keep] as const),
  ]
  return [
    ...(isInside(folder) ? [] : [`folder: ${folder}`]),
    ...(encrypt === undefined ? [] : [`encrypted: ${stringify(encrypt)}`]),
    ...copy.map((each) => `copy: ${each.to}, keep ${stringify(each.keep)}`),
    ...policies.flatMap(([name, policy]) => (stringify(policy) === standard ? [] : [`${name}: ${stringify(policy)}`])),
  ]
}

function approvalFile({ dataDir }: Pick<Workspace, 'dataDir'>): string {
  return path.join(dataDir, 'approved-backup')
}

/** @throws GuardError when the configuration of backups is not the approved one; UsageError when its folder in the work tree leads out of it by a link */
export async function checkBackupApproval(workspace: Workspace): Promise<void> {
  const { folder } = workspace.config.backup
  if (isInside(folder)) await checkInsideWorkTree(workspace.repository.root, folder)
  const lines = approvalLines(workspace.config.backup)
  const approved = await readFile(approvalFile(workspace), 'utf8').catch(() => '')
  if (lines.join('\n') === approved) return
  const now = lines.length === 0 ? 'nothing of it is left' : lines.join('; ')
  throw new GuardError(`backups are not approved in this clone: ${now}`, {
    hint: 'Look at "backup" in tandem.config.json; if it is meant: tandem backup approve',
  })
}

/** Approves the configuration of backups as it is now. */
export async function approveBackup(workspace: Workspace): Promise<readonly string[]> {
  const lines = approvalLines(workspace.config.backup)
  await writeAtomically(approvalFile(workspace), lines.join('\n'))
  return lines
}
