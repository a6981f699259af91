/** `tandem stats`: counts and dates of every source as a table. */
import { type SourceStats, type Stats, stats } from '../../operations/stats.ts'
import { age } from '../../report/age.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, ONLY, textOf } from '../command.ts'
import { tableLines } from '../table.ts'
import { gravestOf, sayFailures } from '../failures.ts'

export const statsCommand: Command = {
  usage: 'stats',
  describe: 'Records live and in the exports, layout, files, and the last data commit of every source',
  options: { only: ONLY },
  examples: [
    ['tandem stats', 'a table for each source'],
    ['tandem stats --only app/traders --json', 'for a dashboard'],
  ],
  run: runStats,
}

async function runStats(context: CommandContext): Promise<number> {
  const { args, output } = context
  const found = await stats(await context.workspace(), parseOnly(textOf(args, 'only')))
  for (const source of found.sources) for (const line of wordsOf(source, found.head)) output.say(line)
  if (output.json) output.value(jsonOf(found))
  sayFailures(output, found.failures)
  return gravestOf(found.failures)
}

function wordsOf(source: SourceStats, head: string | undefined): string[] {
  const rows = Object.entries(source.collections).map(([name, each]) => [
    name,
    each.records === undefined ? 'missing' : String(each.records),
    each.exported === undefined ? '-' : String(each.exported),
    each.layout ?? '-',
    String(each.files),
    each.syncPoint === undefined ? '-' : each.syncPoint === head ? 'HEAD' : each.syncPoint.slice(0, 7),
  ])
  const header = ['collection', 'records', 'exported', 'layout', 'files', 'in step with']
  const table = tableLines([header, ...rows], ['left', 'right', 'right', 'left', 'right', 'left'])
  return [`${source.name}: ${source.database} (${source.server})`, ...table.map((line) => `  ${line}`), lastOf(source)]
}

function lastOf({ lastDataCommit: last }: SourceStats): string {
  if (last === undefined) return '  no data commit yet: the first git push makes one'
  const words = age(last.ageMs)
  return `  last data commit ${last.commit.slice(0, 7)} of ${last.asset}, ${words}${words === 'just now' ? '' : ' ago'}`
}

function jsonOf({ head, sources, failures }: Stats): Readonly<Record<string, unknown>> {
  const told = sources.map(({ name, ...each }) => [name, each] as const)
  const failed = failures.map(
    ({ source, error }) => [source, { error: { code: error.code, message: error.message } }] as const,
  )
  return { ok: failures.length === 0, head, sources: Object.fromEntries([...told, ...failed]) }
}
