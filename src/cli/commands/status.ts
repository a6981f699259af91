/** `tandem status`: what has to be exported or applied, and what is held. */
import { type SourceStatus, status } from '../../operations/status.ts'
import { counted } from '../../report/counted.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, ONLY, textOf } from '../command.ts'

export const statusCommand: Command = {
  usage: 'status',
  describe: 'What the next export and apply would do; what is held, and why',
  options: { only: ONLY },
  examples: [['tandem status --json', 'in-sync, export-needed, apply-needed, diverged, held, unreachable or damaged']],
  run: runStatus,
}

async function runStatus(context: CommandContext): Promise<number> {
  const { args, output } = context
  const found = await status(await context.workspace(), parseOnly(textOf(args, 'only')))
  if (found.notCarried !== undefined) output.say(`data not carried: ${found.notCarried}`)
  for (const source of found.sources) for (const line of wordsOf(source)) output.say(line)
  if (output.json) {
    const sources = Object.fromEntries(found.sources.map(({ name, ...each }) => [name, each]))
    const ok = found.sources.every(({ state }) => !['held', 'unreachable', 'damaged'].includes(state))
    output.value({ ok, branch: found.branch, notCarried: found.notCarried, sources })
  }
  const states = new Set(found.sources.map(({ state }) => state))
  return states.has('unreachable') ? 3 : states.has('damaged') ? 4 : 0
}

function wordsOf(source: SourceStatus): string[] {
  const { toExport, toApply = 0 } = source
  const words: string[] = []
  if (toExport !== undefined && toExport.added + toExport.changed + toExport.removed > 0)
    words.push(`to export +${toExport.added} ~${toExport.changed} -${toExport.removed}`)
  if (toApply > 0) words.push(`to apply ${toApply}`)
  if (source.quarantined !== undefined && source.quarantined > 0)
    words.push(`in quarantine ${source.quarantined} (tandem quarantine)`)
  if (source.withheld !== undefined) words.push(`refused by this database ${source.withheld}`)
  const told = source.notCompared === true ? `${counted(source.records ?? 0, 'record')}, not compared` : source.state
  const held = Object.entries(source.collections).filter(([, { state }]) => state === 'held')
  return [
    `${source.name}: ${[told, ...words].join(', ')}${held.length === 0 && source.reason !== undefined ? `: ${source.reason}` : ''}`,
    ...held.map(([name, { reason }]) => `  ${name} is held: ${reason}`),
  ]
}
