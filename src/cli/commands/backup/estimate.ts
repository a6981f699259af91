/** `tandem backup estimate`. */
import { durationMs, sizeWords } from '../../../model/duration.ts'
import { UsageError } from '../../../model/errors.ts'
import { estimate } from '../../../operations/backup/estimate.ts'
import { ownBackups } from '../../../operations/backup/look.ts'
import { counted } from '../../../report/counted.ts'
import { type CommandContext, textOf } from '../../command.ts'
import { tableLines } from '../../table.ts'

/** Runs `tandem backup estimate`. Exit code 1: what is free will not be enough. */
export async function runEstimate(context: CommandContext): Promise<number> {
  const { args, output } = context
  const every = textOf(args, 'every') ?? '1d'
  const everyMs = durationMs(every)
  if (everyMs === undefined || everyMs === 0)
    throw new UsageError(`--every ${every}: expected a duration such as 30m, 6h or 1d`)
  const workspace = await context.workspace()
  const found = await estimate(workspace, await ownBackups(workspace), everyMs)
  for (const { name, sizeBytes } of found.databases) output.say(`${name}: ${sizeWords(sizeBytes)}`)
  output.say(
    `an archive: ${found.isGuessed ? 'about ' : ''}${sizeWords(found.archiveBytes)}; now ${counted(found.nowArchives, 'archive')}, ${sizeWords(found.nowBytes)}`,
  )
  const rows = found.later.map(({ after, archives, sizeBytes }) => [after, String(archives), sizeWords(sizeBytes)])
  for (const line of tableLines([[`every ${every}, after`, 'archives', 'size'], ...rows], ['left', 'right', 'right']))
    output.say(line)
  const most = Math.max(...found.later.map(({ sizeBytes }) => sizeBytes))
  const isEnough = most - found.nowBytes <= found.disk.freeBytes
  output.say(
    `free: ${sizeWords(found.disk.freeBytes)}${isEnough ? '' : ': that will not be enough; keep fewer, or name a larger disk'}`,
  )
  if (output.json) output.value({ ok: isEnough, every, ...found })
  return isEnough ? 0 : 1
}
