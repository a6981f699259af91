/**
 * `init --from .sync_config.json`: the settings of the scripts that this program replaced, taken over into the words `mirror`, `backup` and `schedule` of our configuration. The file
 * itself stays as it is.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { UsageError } from '../../model/errors.ts'

/** The words that come out of such a file, and what of it has no place. */
export interface SeedConfig {
  readonly words: Readonly<Record<string, object>>
  readonly notes: readonly string[]
}

/** Reads a file. @throws UsageError when it is not there, or not of that form */
export async function readSeedConfig(folder: string, file: string): Promise<SeedConfig> {
  const text = await readFile(path.resolve(folder, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--from ${file}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`)
  })
  return fromSeedConfig(text, file)
}

const HINT =
  'Expected is the form of .sync_config.json ("primary", "backup", "sync_interval" …) or .backup_config.json ("keep_versions", "retention_days" …).'

/** Pure. @throws UsageError */
export function fromSeedConfig(text: string, file: string): SeedConfig {
  const given = parsed(text, file)
  const words: Record<string, object> = {}
  const notes: string[] = []
  const take = seedReader(given, file)
  const mirror = take.text('backup')
  if (mirror !== undefined) words['mirror'] = { to: portable(mirror) }
  const schedule: Record<string, string | false> = {}
  const seconds = take.number('sync_interval')
  if (seconds !== undefined) {
    const every = `${Math.max(1, Math.round(seconds / 60))}m`
    Object.assign(schedule, { sync: every, ...(mirror !== undefined && { mirror: every }) })
  }
  const backup: Record<string, unknown> = {}
  const versions = take.number('keep_versions')
  if (versions !== undefined) {
    if (mirror !== undefined) Object.assign(words['mirror'] as object, { keepVersions: versions })
    backup['keep'] = { last: versions }
  }
  const days = take.number('retention_days')
  if (days !== undefined) backup['keep'] = { ...(backup['keep'] as object | undefined), daily: days }
  const folder = take.text('backup_dir') ?? take.text('backup_folder')
  if (folder !== undefined) backup['folder'] = portable(folder)
  if (take.flag('backup_on_change') === true) backup['onSync'] = true
  const auto = take.flag('auto_backup')
  if (auto === false) schedule['backup'] = false
  if (auto === true || Object.keys(backup).length > 0) words['backup'] = backup
  if (Object.keys(schedule).length > 0) words['schedule'] = schedule
  const primary = take.text('primary')
  if (primary !== undefined) notes.push(`primary ${primary}: this clone is the primary side, wherever it lies`)
  const log = take.text('log_file')
  if (log !== undefined) notes.push(`log_file ${log}: tandem logs shows the log of this clone`)
  const left = take.left()
  if (left.length > 0) notes.push(`not taken over, since it has no word here: ${left.join(', ')}`)
  if (Object.keys(words).length === 0) throw new UsageError(`--from ${file}: has nothing to take over`, { hint: HINT })
  return { words, notes }
}

/** Windows reads `/` as well, and JSON needs no doubled signs for it. */
function portable(folder: string): string {
  return folder.replaceAll('\\', '/')
}

function parsed(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw new UsageError(`--from ${file}: is no JSON object`, { hint: HINT })
}

interface SeedReader {
  text(name: string): string | undefined
  number(name: string): number | undefined
  flag(name: string): boolean | undefined
  /** Names that nobody asked for. */
  left(): string[]
}

function seedReader(given: Readonly<Record<string, unknown>>, file: string): SeedReader {
  const asked = new Set<string>()
  const read = (name: string, type: string): unknown => {
    asked.add(name)
    const value = given[name]
    if (value === undefined || typeof value === type) return value
    throw new UsageError(`--from ${file}: "${name}" must be a ${type}`, { hint: HINT })
  }
  return {
    text: (name) => read(name, 'string') as string | undefined,
    number: (name) => read(name, 'number') as number | undefined,
    flag: (name) => read(name, 'boolean') as boolean | undefined,
    left: () => Object.keys(given).filter((name) => !asked.has(name)),
  }
}
