/** `tandem down`: for the target of a Makefile that stops the databases. */
import { down, downJobs } from '../../operations/down.ts'
import { type Command, type CommandContext, DRY_RUN } from '../command.ts'

export const downCommand: Command = {
  usage: 'down',
  describe: 'Before the databases are stopped: back up, sync and mirror, as far as configured',
  options: { 'dry-run': DRY_RUN },
  examples: [['tandem down && docker compose down', 'nothing is stopped that was not saved']],
  run: runDown,
}

async function runDown(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const workspace = await context.workspace()
  if (invocation.dryRun) {
    const jobs = downJobs(workspace)
    output.say(`would run ${jobs.join(', ')}`)
    if (output.json) output.value({ ok: true, jobs })
    return 0
  }
  const outcomes = await down(workspace, { program: context.starts, trigger: 'down' })
  for (const { job, state, message } of outcomes)
    output.say(`${job}: ${state}${message === 'done' ? '' : `: ${message}`}`)
  const bad = outcomes.find(({ state }) => state !== 'done')
  output.say(bad === undefined ? 'all is saved: the databases may be stopped' : 'not all is saved: see above')
  if (output.json) output.value({ ok: bad === undefined, jobs: outcomes })
  return bad?.exitCode ?? 0
}
