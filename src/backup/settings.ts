/** The settings of backups in this clone: the configuration with its placeholders filled in and its paths made absolute. */
import path from 'node:path'
import type { BackupConfig, KeepPolicy } from '../config/backup.ts'
import { lookUp } from '../config/source-url.ts'
import { parseTemplate, variableNames } from '../config/template.ts'
import { filledOption } from '../workspace/outward.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ArchiveKeys } from './encryption.ts'

/** Where a second copy goes. */
export interface CopyTarget {
  /** As it is written, for people: without the values of variables. */
  readonly written: string
  readonly kind: 'folder' | 'rclone' | 'restic'
  /** An absolute folder, a remote of rclone, or a repository of restic. */
  readonly to: string
  readonly keep: KeepPolicy
}

export interface BackupSettings extends Omit<BackupConfig, 'folder' | 'encrypt' | 'copy'> {
  /** Absolute. */
  readonly folder: string
  readonly keys: ArchiveKeys | undefined
  readonly copies: readonly CopyTarget[]
}

/** Fills in the configuration. @throws UsageError when a variable is not set */
export function backupSettings(workspace: Workspace): BackupSettings {
  const { backup } = workspace.config
  const { encrypt } = backup
  const place = (text: string, option: string): string =>
    absolute(workspace, filledOption(workspace, text, `backup.${option}`))
  return {
    ...backup,
    folder: place(backup.folder, 'folder'),
    keys:
      encrypt === undefined
        ? undefined
        : {
            recipients: encrypt.recipients ?? [],
            identity: optional(workspace, encrypt.identity, (text) => absolute(workspace, text)),
            passphrase: optional(workspace, encrypt.passphrase, (text) => text),
          },
    copies: backup.copy.map(({ to, keep }) => {
      const text = filledOption(workspace, to, 'backup.copy')
      const [, kind = 'folder', rest = text] = /^(rclone|restic):(.+)$/s.exec(text) ?? []
      return {
        written: to,
        kind: kind as CopyTarget['kind'],
        to: kind === 'folder' ? absolute(workspace, text) : rest,
        keep,
      }
    }),
  }
}

function absolute({ repository }: Workspace, text: string): string {
  return path.resolve(repository.root, text)
}

/** A machine that only writes backups need not have what reads them: a variable that is not set is no error here. */
function optional<Result>(
  workspace: Workspace,
  text: string | undefined,
  made: (text: string) => Result,
): Result | undefined {
  if (text === undefined) return undefined
  const names = variableNames(parseTemplate(text, 'backup.encrypt'))
  if (names.some((name) => lookUp(name, workspace.lookups) === undefined)) return undefined
  return made(filledOption(workspace, text, 'backup.encrypt'))
}
