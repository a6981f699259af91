/** `tandem logs`: the newest lines of this clone's log, or the recorded runs of a job. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { JOBS } from '../../config/schedule.ts'
import { UsageError } from '../../model/errors.ts'
import { runsOf } from '../../workspace/runs.ts'
import { type Command, type CommandContext, textOf } from '../command.ts'

export const logsCommand: Command = {
  usage: 'logs',
  describe: "The newest lines of this clone's log; with --job the recorded runs of a job",
  options: {
    lines: { type: 'number', default: 20, describe: 'How many', requiresArg: true },
    job: { type: 'string', choices: [...JOBS, 'push', 'pull'], describe: 'Runs of this job', requiresArg: true },
    errors: { type: 'boolean', describe: 'Only lines with ERROR, or runs that failed' },
  },
  examples: [
    ['tandem logs', 'what happened last'],
    ['tandem logs --job backup', 'when backups ran, and how they ended'],
  ],
  run: runLogs,
}

async function runLogs(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const most = Number(args['lines'])
  if (!Number.isInteger(most) || most < 1) throw new UsageError('--lines: expected a number from 1 on')
  const onlyErrors = args['errors'] === true
  const job = textOf(args, 'job')
  if (job !== undefined) {
    const runs = (await runsOf(workspace, job)).filter(({ exitCode }) => !onlyErrors || exitCode > 1).slice(-most)
    for (const { ended, exitCode, trigger, message } of runs)
      output.say(`${ended} exit ${exitCode} (${trigger}) ${message}`)
    if (output.json) output.value({ ok: true, runs })
    return 0
  }
  const text = await readFile(path.join(workspace.dataDir, 'log'), 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => line !== '' && (!onlyErrors || line.includes(' ERROR ')))
  for (const line of lines.slice(-most)) output.say(line)
  if (output.json) output.value({ ok: true, lines: lines.slice(-most) })
  return 0
}
