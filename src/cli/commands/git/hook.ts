/** `tandem hook NAME`: started by the installed hook scripts. The exit code is always 0: when something goes wrong the data is not carried, but git goes on. */
import { withLock } from '../../../io/lock.ts'
import { LockedError } from '../../../model/errors.ts'
import { runHook } from '../../../operations/hooks/run-hook.ts'
import { type Command, type CommandContext, textsOf } from '../../command.ts'
import { startBackgroundApply } from '../../../workspace/background.ts'
import { type Workspace, openWorkspace } from '../../../workspace/workspace.ts'
import { endsWithin, hookLimitMs, mayGoOn } from '../../../workspace/hook-limit.ts'

/** How long a hook waits for another tandem in this clone, in milliseconds. */
const WAIT_MS = 3_000

export const hookCommand: Command = {
  usage: 'hook <name> [arguments..]',
  describe: false,
  positionals: { name: { type: 'string' }, arguments: { type: 'string', array: true } },
  isHook: true,
  run: runHookCommand,
}

async function runHookCommand(context: CommandContext): Promise<number> {
  const { args, output } = context
  const name = String(args['name'])
  const input = {
    name,
    args: textsOf(args, 'arguments'),
    standardInput: name === 'pre-push' ? await context.input.standardInput() : '',
  }
  // the last step of a push, in which pre-push has run already
  const workspace = await (name === 'pushed' ? openWorkspace(context.invocation) : context.workspace())
  const limitMs = hookLimitMs(workspace, name)
  try {
    const work = withLock(workspace.dataDir, WAIT_MS, () => runHook(workspace, input))
    if (await endsWithin(limitMs, work)) return 0
    await leaveTheRest(context, workspace, { name, seconds: limitMs / 1000 })
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
    output.say(`busy: ${error.message}; the next hook catches up`)
  }
  return 0
}

/** The time is over: git goes on. Ending the process gives locks and transactions back, and a run of its own does the work from the start. */
async function leaveTheRest(
  { output, leave }: CommandContext,
  workspace: Workspace,
  { name, seconds }: { readonly name: string; readonly seconds: number },
): Promise<void> {
  const took = `${name} is not done after ${seconds} s`
  if (mayGoOn(name)) {
    await startBackgroundApply(workspace)
    output.say(`${took}; it goes on in the background (tandem apply waits for it)`)
  } else {
    output.say(`${took}; git goes on without the data (to carry it: tandem sync)`)
  }
  leave(0)
}
