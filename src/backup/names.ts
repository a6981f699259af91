/** Names of archives: `backup_20261201_021500_schedule.tar.gz`, the time in UTC. Pure. */

export type ArchiveFormat = 'tar.gz' | 'zip'

export interface ArchiveName {
  /** `20261201_021500`. */
  readonly stamp: string
  /** What started it: `manual`, `schedule`, `sync`, `before-restore` … */
  readonly trigger: string
  readonly format: ArchiveFormat
  readonly encrypted: boolean
}

const NAME = /^backup_(\d{8}_\d{6})_([a-z0-9][a-z0-9-]{0,31})\.(tar\.gz|zip)(\.age)?$/

/** The file's name. */
export function archiveFile({ stamp, trigger, format, encrypted }: ArchiveName): string {
  return `backup_${stamp}_${trigger}.${format}${encrypted ? '.age' : ''}`
}

/** The parts of a file's name; undefined for a file that is no archive. */
export function parseArchiveFile(file: string): ArchiveName | undefined {
  const [, stamp = '', trigger = '', format = '', age] = NAME.exec(file) ?? []
  return stamp === '' ? undefined : { stamp, trigger, format: format as ArchiveFormat, encrypted: age !== undefined }
}

/** True for the name of something that starts backups: lower-case letters, digits and hyphens, 32 at most. */
export function isTrigger(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,31}$/.test(text)
}

/** `20261201_021500` of a time in milliseconds since 1970. */
export function stampOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_')
}

/** Milliseconds since 1970 of a stamp; NaN for another text. */
export function stampMs(stamp: string): number {
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'))
}

/** The first stamp from this time on that no archive has: a second has only one. */
export function freeStamp(ms: number, taken: ReadonlySet<string>): string {
  for (let at = ms; ; at += 1_000) if (!taken.has(stampOf(at))) return stampOf(at)
}
