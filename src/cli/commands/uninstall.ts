/** `tandem uninstall`: removes everything that `tandem init` made. */
import { uninstall } from '../../operations/uninstall.ts'
import { type Command, type CommandContext, DRY_RUN } from '../command.ts'

export const uninstallCommand: Command = {
  usage: 'uninstall',
  describe: 'Take back all that init made: hooks byte for byte, merge driver, settings, state in the databases',
  options: { 'dry-run': DRY_RUN },
  examples: [['tandem uninstall', 'exports, reports and tandem.config.json stay']],
  run: runUninstall,
}

async function runUninstall(context: CommandContext): Promise<number> {
  const { invocation, output } = context
  const done = await uninstall(invocation)
  for (const line of done) output.say(line)
  if (output.json) output.value({ ok: true, done })
  return 0
}
