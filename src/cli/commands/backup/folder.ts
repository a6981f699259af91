/** Which folder of backups a command means: the configured one, or, with `--from`, any, for which no repository is needed. */
import path from 'node:path'
import { type BackupFolder, namedBackups, ownBackups } from '../../../operations/backup/look.ts'
import { type CommandContext, textOf } from '../../command.ts'

/** @throws GuardError when the configured folder is not approved in this clone */
export async function backupsOf(context: CommandContext): Promise<BackupFolder> {
  const { args, invocation } = context
  const from = textOf(args, 'from')
  const named = textOf(args, 'identity')
  const identity = named === undefined ? undefined : path.resolve(invocation.directory, named)
  const passphrase = invocation.environment['BACKUP_PASSPHRASE'] || undefined
  const keys = { recipients: [], identity, passphrase }
  if (from !== undefined) return namedBackups(invocation, path.resolve(invocation.directory, from), keys)
  const own = await ownBackups(await context.workspace())
  return identity === undefined ? own : { ...own, keys }
}
