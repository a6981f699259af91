/** The word `backup` of a configuration: as it is written, and with its defaults. docs/backups.md describes it. */
import { durationMs } from '../model/duration.ts'

/** How many recovery points stay: of each period the newest one. */
export interface KeepOptions {
  readonly last?: number
  readonly hourly?: number
  readonly daily?: number
  readonly weekly?: number
  readonly monthly?: number
  readonly yearly?: number
  /** `2d`: all that are not older. */
  readonly within?: string
  /** So many readable ones stay, whatever the rest says. */
  readonly minimum?: number
}

/** `keep` with its defaults. A period without a number keeps none. */
export interface KeepPolicy extends Required<Omit<KeepOptions, 'within'>> {
  readonly withinMs: number
}

export interface BackupCopyOptions {
  /** A folder, `rclone:REMOTE:PATH` or `restic:REPOSITORY`; may have `${NAME}`. */
  readonly to: string
  readonly keep?: KeepOptions
}

export interface BackupEncryption {
  readonly recipients?: readonly string[]
  /** A file with an age identity, to read archives here. */
  readonly identity?: string
  readonly passphrase?: string
}

export interface BackupSourceOptions {
  readonly keep?: KeepOptions
  /** Each backup adds a row to the table `backup_logs` of this source. */
  readonly log?: boolean
}

/** As written. */
export interface BackupOptions {
  readonly folder?: string
  readonly format?: 'tar.gz' | 'zip'
  readonly files?: readonly string[]
  readonly keep?: KeepOptions
  readonly sources?: Readonly<Record<string, BackupSourceOptions>>
  readonly encrypt?: BackupEncryption
  readonly copy?: readonly BackupCopyOptions[]
  readonly onSync?: boolean
}

export interface BackupConfig {
  readonly folder: string
  readonly format: 'tar.gz' | 'zip'
  readonly files: readonly string[]
  readonly keep: KeepPolicy
  readonly sources: Readonly<Record<string, { readonly keep: KeepPolicy; readonly log: boolean }>>
  readonly encrypt: BackupEncryption | undefined
  readonly copy: readonly { readonly to: string; readonly keep: KeepPolicy }[]
  readonly onSync: boolean
}

const KEEP: KeepOptions = {
  last: 10,
  hourly: 24,
  daily: 14,
  weekly: 8,
  monthly: 12,
  yearly: 3,
  within: '2d',
  minimum: 3,
}

/** The configuration with its defaults. A `keep` that is written replaces the default as a whole, but for `minimum`. */
export function resolveBackup(options: BackupOptions = {}): BackupConfig {
  const keep = policyOf(options.keep ?? KEEP)
  const sources = Object.entries(options.sources ?? {}).map(
    ([name, each]) => [name, { keep: each.keep ? policyOf(each.keep) : keep, log: each.log === true }] as const,
  )
  return {
    folder: options.folder ?? 'backups',
    format: options.format ?? 'tar.gz',
    files: options.files ?? [],
    keep,
    sources: Object.fromEntries(sources),
    encrypt: options.encrypt,
    copy: (options.copy ?? []).map((each) => ({ to: each.to, keep: each.keep ? policyOf(each.keep) : keep })),
    onSync: options.onSync === true,
  }
}

/** A policy of what is written. */
export function policyOf(options: KeepOptions): KeepPolicy {
  const { last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0, minimum = 3 } = options
  const withinMs = options.within === undefined ? 0 : (durationMs(options.within) ?? 0)
  return { last, hourly, daily, weekly, monthly, yearly, minimum, withinMs }
}
