/** `tandem backup prune` and `accept`. */
import { sizeWords } from '../../../model/duration.ts'
import { UsageError } from '../../../model/errors.ts'
import { ownBackups } from '../../../operations/backup/look.ts'
import { acceptBackup, pruneBackups } from '../../../operations/backup/prune.ts'
import { counted } from '../../../report/counted.ts'
import { type CommandContext, textOf, textsOf } from '../../command.ts'

/** Runs `tandem backup prune`. Exit code 1: a suspicious backup keeps it from removing. */
export async function runPrune(context: CommandContext): Promise<number> {
  const { args, output, invocation } = context
  const { keep } = args
  if (keep !== undefined && !(Number.isSafeInteger(keep) && Number(keep) > 0))
    throw new UsageError('--keep takes a number from 1 on')
  const workspace = await context.workspace()
  const pruned = await pruneBackups(workspace, await ownBackups(workspace), {
    keep: keep as number | undefined,
    days: keep === undefined ? daysIn(invocation.environment['RETENTION_DAYS']) : undefined,
    damaged: args['damaged'] === true,
    trigger: textOf(args, 'trigger') ?? 'manual',
  })
  const verb = invocation.dryRun ? 'would go' : 'removed'
  for (const file of pruned.remove) output.say(`${file} ${verb}`)
  for (const line of pruned.held) output.note(line)
  output.say(
    `${counted(pruned.keep.size, 'archive')} kept, ${pruned.remove.length} ${verb}, ${sizeWords(pruned.freedBytes)}`,
  )
  const code = pruned.held.length > 0 ? 1 : 0
  if (output.json)
    output.value({
      ok: code === 0,
      removed: pruned.remove,
      kept: Object.fromEntries(pruned.keep),
      held: pruned.held,
      freedBytes: pruned.freedBytes,
    })
  return code
}

/** @throws UsageError */
function daysIn(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new UsageError(`RETENTION_DAYS=${text}: expected a number of days from 1 on`)
}

/** Runs `tandem backup accept`. */
export async function runAccept(context: CommandContext): Promise<number> {
  const { args, output } = context
  const [word] = textsOf(args, 'archives')
  const entry = await acceptBackup(await ownBackups(await context.workspace()), word)
  output.say(`${entry.file} counts from now on`)
  if (output.json) output.value({ ok: true, archive: entry.file })
  return 0
}
