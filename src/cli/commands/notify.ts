/** `tandem notify`: whom trouble is told, and whether it gets there. */
import { type ChannelState, notifyStatus, notifyTest } from '../../operations/notify.ts'
import { type Command, type CommandContext, DRY_RUN, textOf } from '../command.ts'

export const notifyCommand: Command = {
  usage: 'notify [action]',
  describe: 'Open incidents and who was told of them; a test message to everybody',
  positionals: {
    action: { type: 'string', choices: ['status', 'test'], default: 'status', describe: 'status, or test' },
  },
  options: { 'dry-run': DRY_RUN },
  examples: [['tandem notify test', 'after every change of "notify"']],
  run: runNotify,
}

async function runNotify(context: CommandContext): Promise<number> {
  return textOf(context.args, 'action') === 'test' ? test(context) : status(context)
}

async function test(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const channels = await notifyTest(await context.workspace())
  for (const { name, failure } of channels)
    output.say(failure ?? `${name}: ${invocation.dryRun ? 'would be sent' : 'sent'}`)
  const ok = channels.every(({ failure }) => failure === undefined)
  if (output.json) output.value({ ok, channels })
  return ok ? 0 : 3
}

async function status(context: CommandContext): Promise<number> {
  const { output } = context
  const { isApproved, incidents, channels } = await notifyStatus(await context.workspace())
  if (!isApproved)
    output.say('the configuration sends elsewhere than approved in this clone; look at it, then: tandem init')
  for (const channel of channels) output.say(channelWords(channel))
  if (channels.length === 0) output.say('nobody is told: see "notify" in docs/health.md')
  for (const { id, observed, since, message } of incidents)
    output.say(`${observed === 'open' ? 'trouble' : 'over'}  ${id} since ${since}: ${message}`)
  if (incidents.length === 0) output.say('no incident')
  const ok = isApproved && channels.every(({ failure }) => failure === undefined) && incidents.length === 0
  if (output.json) output.value({ ok, approved: isApproved, channels, incidents })
  return ok ? 0 : 1
}

function channelWords({ name, failure, waiting }: ChannelState): string {
  if (failure !== undefined) return `${failure}; it is sent again with the next run`
  return waiting === 0 ? `${name}: knows everything` : `${name}: ${waiting} to be told with the next run`
}
