/** `tandem upgrade`: raises the format of the exports. */
import { withLock } from '../../io/lock.ts'
import { upgrade } from '../../operations/upgrade.ts'
import { type Command, type CommandContext, DRY_RUN } from '../command.ts'

export const upgradeCommand: Command = {
  usage: 'upgrade',
  describe: 'Raise the format of the exports to the newest that this tandem writes, once every machine has it',
  options: { 'dry-run': DRY_RUN },
  run: runUpgrade,
}

async function runUpgrade({ output, workspace }: CommandContext): Promise<number> {
  const opened = await workspace()
  const result = await withLock(opened.dataDir, 0, () => upgrade(opened))
  output.say(`nothing to upgrade: the exports have format ${result.format}, the newest that this tandem writes`)
  if (output.json) output.value({ ok: true, ...result })
  return 0
}
