/** `tandem backup list`, `show` and `check`. */
import type { CatalogueEntry } from '../../../backup/catalogue.ts'
import type { BackupLevel, CheckedArchive } from '../../../backup/check.ts'
import { sizeWords } from '../../../model/duration.ts'
import { checkBackups, listBackups, showBackup } from '../../../operations/backup/look.ts'
import { age } from '../../../report/age.ts'
import { counted } from '../../../report/counted.ts'
import { type CommandContext, textsOf } from '../../command.ts'
import { tableLines } from '../../table.ts'
import { backupsOf } from './folder.ts'

/** Runs `tandem backup list`. */
export async function runList(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const backups = await backupsOf(context)
  const entries = await listBackups(backups)
  const now = invocation.nowMs()
  const rows = entries.map((entry) => rowOf(entry, now))
  const table = tableLines([HEADER, ...rows], ['left', 'right', 'right', 'right', 'left', 'left'])
  for (const line of rows.length > 0 ? table : [`no backup in ${backups.folder}; to make one: tandem backup`])
    output.say(line)
  const newest = newestOf(entries)
  if (output.json)
    output.value({
      ok: entries.every(({ problem }) => problem === undefined),
      folder: backups.folder,
      count: entries.length,
      sizeBytes: entries.reduce((sum, { sizeBytes }) => sum + Math.max(sizeBytes, 0), 0),
      newest: newest === undefined ? null : { time: newest, ageHours: (now - Date.parse(newest)) / 3_600_000 },
      archives: entries.map((entry) => ({ ...entry, level: levelOf(entry) ?? null })),
    })
  return 0
}

const HEADER = ['archive', 'age', 'size', 'records', 'level', '']

function rowOf(entry: CatalogueEntry, now: number): string[] {
  const { file, sizeBytes, sources, also, problem, suspect, missing } = entry
  const records = sources.reduce((sum, each) => sum + each.records, 0)
  const notes = [
    ...(problem === undefined ? [] : [problem]),
    ...(suspect === undefined ? [] : [suspect]),
    ...missing.map(({ name }) => `without ${name}`),
    ...(also.length === 0
      ? []
      : [`the same ${counted(also.length, 'time')} more, last ${also.at(-1)?.time.slice(0, 16).replace('T', ' ')}`]),
  ]
  const size = sizeBytes < 0 ? '?' : sizeWords(sizeBytes)
  const level = levelOf(entry) ?? 'damaged'
  return [
    file,
    age(now - Date.parse(entry.time)),
    size,
    sources.length === 0 ? '?' : String(records),
    level,
    notes.join('; '),
  ]
}

/** The newest moment that an archive which counts stands for. */
function newestOf(entries: readonly CatalogueEntry[]): string | undefined {
  const good = entries.filter(({ readable, problem }) => readable !== undefined && problem === undefined)
  return good
    .flatMap(({ time, also }) => [time, ...also.map((each) => each.time)])
    .sort()
    .at(-1)
}

/** What the catalogue knows of it; undefined: it is damaged. */
function levelOf({ problem, readable, proven, sources }: CatalogueEntry): BackupLevel | 'unchecked' | undefined {
  if (problem !== undefined) return undefined
  if (readable === undefined) return 'unchecked'
  return sources.length > 0 && sources.every(({ name }) => proven[name] !== undefined) ? 'proven' : 'readable'
}

/** Runs `tandem backup show`. */
export async function runShow(context: CommandContext): Promise<number> {
  const { args, output } = context
  const [word] = textsOf(args, 'archives')
  const { entry, manifest } = await showBackup(await backupsOf(context), word)
  output.say(
    `${entry.file}, made ${manifest.time} on ${manifest.asset} by tandem ${manifest.tool} (${manifest.trigger})`,
  )
  if (manifest.repository?.head !== undefined) output.say(`HEAD ${manifest.repository.head}`)
  for (const { name, engine, database, server, records, digest, dump, collections } of manifest.sources) {
    output.say(
      `${name}: ${database} (${server || engine}), ${counted(records, 'record')}, digest ${digest.slice(0, 16)}…, ${dump === undefined ? 'records only' : 'with its dump'}`,
    )
    for (const each of collections) output.say(`  ${each.name}: ${each.records}`)
  }
  for (const { name, message } of manifest.missing) output.say(`without ${name}: ${message}`)
  for (const file of manifest.configuration) output.say(file)
  if (output.json) output.value({ ok: true, archive: entry, manifest })
  return 0
}

/** Runs `tandem backup check`. Exit code 4: one is damaged; 1: one could not be checked as far as was asked. */
export async function runCheck(context: CommandContext): Promise<number> {
  const { args, output } = context
  const level = args['prove'] === true ? 'proven' : args['sound'] === true ? 'sound' : 'readable'
  const request = {
    words: textsOf(args, 'archives'),
    all: args['all'] === true,
    level,
    trigger: String(args['trigger']),
  } as const
  const checked = await checkBackups(await backupsOf(context), request)
  for (const each of checked) for (const line of checkedLines(each)) output.say(line)
  const code = checked.some((each) => each.level === undefined)
    ? 4
    : checked.every((each) => each.level === level)
      ? 0
      : 1
  if (output.json) output.value({ ok: code === 0, checked: checked.map(checkedJson) })
  return code
}

/** What a check found, in lines. */
export function checkedLines({ entry, level, notes }: CheckedArchive): readonly string[] {
  return [`${entry.file}: ${level ?? `damaged: ${entry.problem}`}`, ...notes.map((note) => `  ${note}`)]
}

/** The same as JSON. */
export function checkedJson({ entry, level, notes }: CheckedArchive): object {
  return { file: entry.file, level: level ?? null, problem: entry.problem ?? null, notes }
}
