/** `tandem backup restore`. */
import type { RestorePreview } from '../../../backup/restore.ts'
import { withLock } from '../../../io/lock.ts'
import type { ChangeCount } from '../../../model/change.ts'
import { GuardError, UsageError } from '../../../model/errors.ts'
import {
  type RestoreAnswer,
  type RestoreRequest,
  previewBackup,
  restoreBackup,
} from '../../../operations/backup/restore.ts'
import { type BackupFolder, listBackups } from '../../../operations/backup/look.ts'
import { age } from '../../../report/age.ts'
import { counted } from '../../../report/counted.ts'
import { parseOnly } from '../../../source/only.ts'
import { type CommandContext, textOf, textsOf } from '../../command.ts'
import { backupsOf } from './folder.ts'

/** Runs `tandem backup restore`: shows what would change, asks, and restores. @throws GuardError when the answer is not yes, or nobody can be asked */
export async function runRestoreBackup(context: CommandContext): Promise<number> {
  const { args, output, invocation, input } = context
  const words = textsOf(args, 'archives')
  if (words.length > 1) throw new UsageError('backup restore takes one archive')
  const backups = await backupsOf(context)
  const request: RestoreRequest = {
    word: words[0] ?? (await chosenBackup(context, backups)),
    to: textsOf(args, 'to'),
    only: parseOnly(textOf(args, 'only')),
    inPlace: args['inPlace'] === true,
    disconnect: args['disconnect'] === true,
  }
  if (invocation.dryRun || args['yes'] !== true) {
    const { entry, sources } = await previewBackup(backups, request)
    const show = invocation.dryRun ? output.say : output.note
    for (const line of sources.flatMap(previewLines)) show(line)
    if (invocation.dryRun) {
      if (output.json) output.value({ ok: true, archive: entry.file, sources, restored: [] })
      return 0
    }
    const answer = await input.ask?.(`Restore ${entry.file}? yes or no: `)
    if (!/^y(es)?$/i.test(answer ?? ''))
      throw new GuardError('nothing was restored', { hint: 'To restore without being asked: --yes' })
  }
  const work = (): Promise<RestoreAnswer> => restoreBackup(backups, request)
  const { workspace } = backups
  const answer = await (workspace === undefined ? work() : withLock(workspace.dataDir, 0, work))
  for (const line of answerLines(answer)) output.say(line)
  if (workspace !== undefined && request.to.length === 0)
    output.say(
      'the next push or pull merges what came since into it; if everybody is to have this older state: tandem restore --at (docs/backups.md)',
    )
  if (output.json)
    output.value({
      ok: true,
      archive: answer.entry.file,
      saved: answer.saved ?? null,
      restored: answer.restored,
      notes: answer.notes,
    })
  return 0
}

/** Asks a person at a terminal which archive is meant; undefined: the newest, as for whoever cannot be asked. @throws UsageError for an answer that is none of them */
async function chosenBackup(
  { args, input, output, invocation }: CommandContext,
  backups: BackupFolder,
): Promise<string | undefined> {
  if (input.ask === undefined || args['yes'] === true || invocation.dryRun) return undefined
  const entries = (await listBackups(backups)).filter(({ problem }) => problem === undefined).slice(-MOST_SHOWN)
  for (const [i, { file, time }] of entries.entries())
    output.note(`${String(i + 1).padStart(2)}  ${file}  ${age(invocation.nowMs() - Date.parse(time))}`)
  const answer = await input.ask('Which one? Its number, or Enter for the newest: ')
  if (answer === '') return undefined
  const entry = entries[Number(answer) - 1]
  if (entry === undefined) throw new UsageError(`${answer} is none of them`)
  return entry.file
}

/** More would scroll away. */
const MOST_SHOWN = 20

function previewLines({ source, records, lost, collections }: RestorePreview): string[] {
  if (lost !== undefined)
    return [`${source}: ${counted(records, 'record')} into a database that is not there now (${lost})`]
  const changed = Object.entries(collections).filter(
    ([, { added, changed: other, removed }]) => added + other + removed > 0,
  )
  if (changed.length === 0) return [`${source}: has just what the backup has (${counted(records, 'record')})`]
  return changed.map(([name, count]) => `${source}/${name} ${countWords(count)}`)
}

function countWords({ added, changed, removed }: ChangeCount): string {
  return `+${added} ~${changed} -${removed}`
}

function answerLines({ entry, restored, saved, notes }: RestoreAnswer): string[] {
  return [
    ...restored.flatMap((each) => [
      `${each.source} restored from ${entry.file}: ${counted(each.records, 'record')}, equal to the backup`,
      ...(each.former === undefined ? [] : [`  the former database is kept as ${each.former}`]),
      ...each.notes.map((note) => `  ${note}`),
    ]),
    ...(saved === undefined ? [] : [`what was there before: ${saved}`]),
    ...notes,
  ]
}
