/** `tandem health`: the state of everything that has to survive a lost disk, for people and monitors. */
import { setTimeout as sleep } from 'node:timers/promises'
import { durationMs } from '../../model/duration.ts'
import { UsageError } from '../../model/errors.ts'
import { type Health, health } from '../../operations/health.ts'
import { counted } from '../../report/counted.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import { type Command, type CommandContext, textOf } from '../command.ts'

export const healthCommand: Command = {
  usage: 'health',
  describe: 'Check disks, databases, remote, exports, jobs, schedule, queue and the other assets; for monitors',
  options: {
    watch: { type: 'boolean', describe: 'Look again and again, until Ctrl-C' },
    every: { type: 'string', describe: 'With --watch: how often', default: '1m', requiresArg: true },
  },
  examples: [
    ['tandem health', 'exit 0 well, 1 an alarm, 3 a database, drive or remote does not answer'],
    ['tandem health --json', 'for a monitor'],
    ['tandem health --watch --every 5m', 'in a terminal that stays open'],
  ],
  run: runHealth,
}

async function runHealth(context: CommandContext): Promise<number> {
  const { args, output, invocation } = context
  if (args['watch'] !== true) return tell(context, await health(await context.workspace()))
  const everyMs = durationMs(textOf(args, 'every') ?? '')
  if (everyMs === undefined) throw new UsageError('--every: expected a duration', { hint: 'For example: --every 5m' })
  for (;;) {
    output.say(`--- ${new Date(invocation.nowMs()).toISOString()}`)
    // opened anew each time: configuration and branch may have changed
    tell(context, await health(await openWorkspace(invocation)))
    await sleep(everyMs)
  }
}

function tell({ output }: CommandContext, { ok, checks, lags }: Health): number {
  for (const { name, status, message, next } of checks) {
    output.say(`${status.padEnd(4)}  ${name}: ${message.replaceAll('\n', '; ')}`)
    if (status !== 'ok' && next !== undefined) output.say(`      ${next}`)
  }
  const failed = checks.filter(({ status }) => status === 'fail')
  const looks = checks.filter(({ status }) => status === 'warn')
  output.say(`${checks.length} checks: ${counted(failed.length, 'alarm')}, ${looks.length} worth a look`)
  if (output.json) output.value({ ok, checks, assets: lags })
  if (failed.some(({ isUnreachable }) => isUnreachable)) return 3
  return ok ? 0 : 1
}
