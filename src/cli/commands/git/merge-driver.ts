/** `tandem merge-driver BASE OURS THEIRS SIZE PATH`: started by git's merge driver. Exit code 0: merged; 1: a conflict that a person has to resolve. */
import { runMergeDriver } from '../../../operations/merge-driver/merge-driver.ts'
import { openWorkspace } from '../../../workspace/workspace.ts'
import type { Command, CommandContext } from '../../command.ts'

export const mergeDriverCommand: Command = {
  usage: 'merge-driver <base> <ours> <theirs> <size> <path>',
  describe: false,
  positionals: {
    base: { type: 'string' },
    ours: { type: 'string' },
    theirs: { type: 'string' },
    size: { type: 'string' },
    path: { type: 'string' },
  },
  run: runDriver,
}

async function runDriver(context: CommandContext): Promise<number> {
  const { args, output } = context
  const input = {
    base: String(args['base']),
    ours: String(args['ours']),
    theirs: String(args['theirs']),
    path: String(args['path']),
  }
  // not context.workspace(), which would say for every file that hooks do not start tandem
  if (await runMergeDriver(await openWorkspace(context.invocation), input)) return 0
  output.say(`${input.path}: both sides changed it; run: tandem resolve`)
  return 1
}
