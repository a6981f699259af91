/** `tandem report`: lists the merge reports, or shows one. */
import { DamagedError, UsageError } from '../../model/errors.ts'
import { type ListedReport, listReports, readReport } from '../../operations/report.ts'
import { reportJson } from '../../report/json.ts'
import { totalsOf } from '../../report/report.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, ONLY, textOf } from '../command.ts'
import { tableLines } from '../table.ts'

export const reportCommand: Command = {
  usage: 'report [action] [name]',
  describe: 'The merge reports: list them, or show one',
  positionals: {
    action: { type: 'string', choices: ['list', 'show'], default: 'list', describe: 'list, or show' },
    name: { type: 'string', describe: 'Which one to show: a name of the list, its beginning, or latest (the default)' },
  },
  options: { only: ONLY },
  examples: [
    ['tandem report', 'all reports, newest first'],
    ['tandem report show', 'the newest one: every conflict, both values, the rule that decided'],
    ['tandem report show latest --json', 'the same for programs'],
  ],
  run: runReport,
}

async function runReport(context: CommandContext): Promise<number> {
  const { args } = context
  const name = textOf(args, 'name')
  if (textOf(args, 'action') === 'show') return showReport(context, name ?? 'latest')
  if (name !== undefined)
    throw new UsageError(`report list takes no name (${name})`, { hint: `To see it: tandem report show ${name}` })
  return listAll(context)
}

async function listAll(context: CommandContext): Promise<number> {
  const { args, output } = context
  const reports = await listReports(await context.workspace(), parseOnly(textOf(args, 'only')))
  const rows = reports.map(rowOf)
  const table = tableLines([HEADER, ...rows], ['left', 'left', 'left', 'right', 'left'])
  for (const line of reports.length > 0 ? table : ['no merge report yet']) output.say(line)
  const damaged = reports.flatMap(({ content }) => (content instanceof DamagedError ? [content] : []))
  if (output.json) output.value({ ok: damaged.length === 0, reports: reports.map(jsonOf) })
  for (const error of damaged) output.fail(error)
  return damaged[0]?.exitCode ?? 0
}

const HEADER = ['time', 'source', 'status', 'conflicts', 'name']

function rowOf({ name, content, waiting }: ListedReport): string[] {
  if (content instanceof DamagedError) return ['-', '-', 'DAMAGED', '-', name]
  const { conflicts } = totalsOf(content)
  const time = content.time.replace(/^(.{10})T(.{8}).*$/, '$1 $2')
  return [time, content.source, content.status, String(conflicts), waiting ? `${name} (waits for the next push)` : name]
}

function jsonOf({ name, path, waiting, content }: ListedReport): Readonly<Record<string, unknown>> {
  if (content instanceof DamagedError) return { name, path, waiting, error: content.message }
  const { time, source, database, asset, status, decisions } = content
  const { conflicts, records } = totalsOf(content)
  return { name, path, waiting, time, source, database, asset, status, conflicts, records, decisions: decisions.length }
}

async function showReport(context: CommandContext, name: string): Promise<number> {
  const { args, output } = context
  const shown = await readReport(await context.workspace(), name, parseOnly(textOf(args, 'only')))
  output.say(shown.markdown.trimEnd())
  if (output.json) output.raw(reportJson(shown.content))
  return 0
}
