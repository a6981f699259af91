/** `tandem hook NAME`: what the installed hook scripts start. Always exits 0; the data stops, never git. */
import { LockedError } from '../../model/errors.ts'
import { withLock } from '../../io/lock.ts'
import { runHook } from '../../operations/hooks/run-hook.ts'
import { textsOf, type Command, type CommandContext } from '../command.ts'

/** How long a hook waits for another tandem in this clone. */
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
    standardInput: name === 'pre-push' ? await context.standardInput() : '',
  }
  const workspace = await context.workspace()
  try {
    await withLock(workspace.dataDir, WAIT_MS, () => runHook(workspace, input))
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
    output.say(`busy: ${error.message}; the next hook catches up`)
  }
  return 0
}
