/** `tandem queue`: failed work that waits to be done. */
import { UsageError } from '../../model/errors.ts'
import { dropFromQueue, retryQueue } from '../../operations/schedule/queue.ts'
import { counted } from '../../report/counted.ts'
import { queuedWork } from '../../workspace/queue.ts'
import { type Command, type CommandContext, DRY_RUN, textOf, textsOf } from '../command.ts'

export const queueCommand: Command = {
  usage: 'queue [action] [names..]',
  describe: 'Failed work that is tried again: list it, try it now, or drop it',
  positionals: {
    action: {
      type: 'string',
      choices: ['list', 'retry', 'drop'],
      default: 'list',
      describe: 'list; retry: now, whatever it waits for; drop: forget it',
    },
    names: { type: 'string', array: true, describe: 'Which; without a name retry tries all' },
  },
  options: { 'dry-run': DRY_RUN },
  examples: [
    ['tandem queue', 'what waits, and why it failed'],
    ['tandem queue retry', 'when the cause is gone'],
  ],
  run: runQueue,
}

async function runQueue(context: CommandContext): Promise<number> {
  const action = textOf(context.args, 'action')
  const names = textsOf(context.args, 'names')
  if (action === 'drop') return drop(context, names)
  if (action === 'retry' && !context.invocation.dryRun) return retry(context, names)
  if (names.length > 0 && action === 'list') throw new UsageError(`queue list takes no name (${names.join(', ')})`)
  return list(context)
}

async function list(context: CommandContext): Promise<number> {
  const { output } = context
  const waiting = await queuedWork(await context.workspace())
  for (const { name, kind, since, attempts, message } of waiting)
    output.say(
      `${name.padEnd(8)}${counted(attempts, 'try').replace('trys', 'tries')} since ${since} (${WAYS[kind]}): ${message}`,
    )
  if (waiting.length === 0) output.say('nothing waits')
  if (output.json) output.value({ ok: waiting.length === 0, queue: waiting })
  return waiting.length === 0 ? 0 : 1
}

/** When it is tried again. */
const WAYS = {
  again: 'with every tick',
  person: 'somebody has to act; tried at its usual time',
  refused: 'refused; tried once an hour',
} as const

async function retry(context: CommandContext, names: readonly string[]): Promise<number> {
  const { output } = context
  const outcomes = await retryQueue(await context.workspace(), names, context.starts)
  for (const { name, state, message } of outcomes)
    output.say(`${name}: ${state}${state === 'done' ? '' : `: ${message}`}`)
  if (outcomes.length === 0) output.say('nothing waits')
  if (output.json) output.value({ ok: outcomes.every(({ state }) => state === 'done'), retried: outcomes })
  return outcomes.find(({ state }) => state !== 'done')?.exitCode ?? 0
}

async function drop(context: CommandContext, names: readonly string[]): Promise<number> {
  const { output, invocation } = context
  const dropped = await dropFromQueue(await context.workspace(), names)
  for (const name of dropped) output.say(`${name}: ${invocation.dryRun ? 'would be ' : ''}dropped`)
  if (output.json) output.value({ ok: true, dropped })
  return 0
}
