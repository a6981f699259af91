/** `tandem schedule`: jobs that the system starts by itself. */
import { JOBS, type Job } from '../../config/schedule.ts'
import { UsageError } from '../../model/errors.ts'
import { installSchedule, removeSchedule } from '../../operations/schedule/install.ts'
import { runScheduled } from '../../operations/schedule/run-scheduled.ts'
import { type JobStatus, scheduleStatus } from '../../operations/schedule/status.ts'
import type { SchedulePlan } from '../../schedule/install.ts'
import type { JobOutcome } from '../../schedule/run-job.ts'
import type { SchedulerKind } from '../../workspace/installed-schedule.ts'
import { type Command, type CommandContext, DRY_RUN, textOf } from '../command.ts'

const INSTALL_OPTIONS: NonNullable<Command['options']> = {
  kind: {
    type: 'string',
    choices: ['systemd', 'cron', 'launchd', 'windows', 'synology'],
    describe: "The scheduler; default: this machine's own",
    requiresArg: true,
  },
  to: { type: 'string', describe: 'install: only write the files into this folder', requiresArg: true },
  'dry-run': DRY_RUN,
}

export const scheduleCommand: Command = {
  usage: 'schedule [action] [name]',
  describe: 'Let the system run sync, mirror, backups and health by itself; run a job of it now',
  positionals: {
    action: {
      type: 'string',
      choices: ['status', 'install', 'remove', 'run'],
      default: 'status',
      describe:
        'status; install; remove; run: a job with its tries, record and notifications; without a name all that are due',
    },
    name: { type: 'string', choices: JOBS, describe: 'run: the job' },
  },
  options: INSTALL_OPTIONS,
  examples: [
    ['tandem schedule install', 'systemd, cron, launchd, Task Scheduler: what is here'],
    ['tandem schedule install --dry-run', 'what would be written and run'],
    ['tandem schedule run backup', 'as the schedule does it'],
  ],
  run: runSchedule,
}

/** The former word for `schedule install`. */
export const setupSchedulerCommand: Command = {
  usage: 'setup-scheduler',
  describe: 'The same as: schedule install',
  options: INSTALL_OPTIONS,
  run: install,
}

async function runSchedule(context: CommandContext): Promise<number> {
  const action = textOf(context.args, 'action')
  const name = textOf(context.args, 'name')
  if (name !== undefined && action !== 'run') throw new UsageError(`schedule ${action} takes no name (${name})`)
  if (action === 'install') return install(context)
  if (action === 'remove') return remove(context)
  return action === 'run' ? runNow(context, name as Job | undefined) : status(context)
}

async function install(context: CommandContext): Promise<number> {
  const { args, output, invocation } = context
  const workspace = await context.workspace()
  const kind = textOf(args, 'kind') as SchedulerKind | undefined
  const plan = await installSchedule(workspace, { kind, to: textOf(args, 'to'), program: context.starts })
  tellPlan(context, plan)
  const jobs = [...workspace.config.schedule.keys()]
  output.say(`${invocation.dryRun ? 'would schedule' : 'scheduled'} by ${plan.kind}: ${jobs.join(', ')}`)
  if (output.json) output.value({ ok: true, jobs, ...jsonOf(plan) })
  return 0
}

async function remove(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const plan = await removeSchedule(await context.workspace())
  if (plan !== undefined) tellPlan(context, plan)
  output.say(
    plan === undefined ? 'nothing is scheduled' : `${invocation.dryRun ? 'would remove' : 'removed'} the schedule`,
  )
  if (output.json) output.value({ ok: true, removed: plan !== undefined, ...(plan !== undefined && jsonOf(plan)) })
  return 0
}

/** A dry run shows the files themselves. */
function tellPlan({ output, invocation }: CommandContext, plan: SchedulePlan): void {
  for (const { path, content } of plan.files) {
    output.say(`${content === undefined ? 'remove' : 'write'} ${path}`)
    if (invocation.dryRun && typeof content === 'string')
      for (const line of content.split('\n')) output.say(`    ${line}`)
  }
  for (const words of plan.commands) output.say(`run ${words.join(' ')}`)
  for (const note of plan.notes) output.say(note)
}

function jsonOf({ kind, files, commands, notes }: SchedulePlan): Readonly<Record<string, unknown>> {
  return { kind, files: files.map(({ path }) => path), commands, notes }
}

async function runNow(context: CommandContext, name: Job | undefined): Promise<number> {
  const { output } = context
  const start = { program: context.starts, trigger: 'schedule' }
  const outcomes = await runScheduled(await context.workspace(), name, start)
  for (const outcome of outcomes) output.say(outcomeWords(outcome))
  if (outcomes.length === 0) output.say('nothing is due')
  if (output.json) output.value({ ok: outcomes.every(({ state }) => state === 'done'), jobs: outcomes })
  return outcomes.find(({ state }) => state !== 'done')?.exitCode ?? outcomes[0]?.exitCode ?? 0
}

function outcomeWords({ job, state, message }: JobOutcome): string {
  return `${job}: ${state}${message === 'done' ? '' : `: ${message}`}`
}

async function status(context: CommandContext): Promise<number> {
  const { output } = context
  const { installed, jobs } = await scheduleStatus(await context.workspace())
  const since = installed === null ? '' : new Date(installed.installedMs).toISOString()
  output.say(installed === null ? 'not installed: tandem schedule install' : `${installed.kind}, installed ${since}`)
  for (const job of jobs) output.say(statusWords(job))
  const isOverdue = jobs.some((job) => job.isOverdue)
  if (output.json) output.value({ ok: !isOverdue, installed, jobs })
  return isOverdue ? 1 : 0
}

function statusWords({ job, started, last, isDue, isOverdue }: JobStatus): string {
  const state = isOverdue ? 'overdue' : isDue ? 'due' : 'in time'
  const run =
    last === undefined
      ? ''
      : `; last run ${last.ended}: ${last.exitCode === 0 ? last.message : `exit ${last.exitCode}, ${last.message}`}`
  return `${job.padEnd(8)}${state.padEnd(8)}${started === undefined ? 'never started' : `started ${started}`}${run}`
}
