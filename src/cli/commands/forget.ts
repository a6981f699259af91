/** `tandem forget SOURCE/COLLECTION`: lets a collection or field go that was dropped on purpose. */
import { withLock } from '../../io/lock.ts'
import { UsageError } from '../../model/errors.ts'
import { forget } from '../../operations/forget.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, DRY_RUN, textOf } from '../command.ts'

export const forgetCommand: Command = {
  usage: 'forget <collection>',
  describe: 'Retire a collection or field that was dropped on purpose, so that the guard lets it go',
  positionals: { collection: { type: 'string', describe: 'SOURCE/COLLECTION' } },
  options: {
    field: { type: 'string', describe: 'Only this field of it', requiresArg: true },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem forget app/old_orders', 'after DROP TABLE old_orders'],
    ['tandem forget app/traders --field note', 'after ALTER TABLE traders DROP COLUMN note'],
  ],
  run: runForget,
}

async function runForget(context: CommandContext): Promise<number> {
  const { args, output } = context
  const only = parseOnly(textOf(args, 'collection'))
  if (only === undefined) throw new UsageError('name a collection: tandem forget SOURCE/COLLECTION')
  const workspace = await context.workspace()
  const done = await withLock(workspace.dataDir, 0, () => forget(workspace, { only, field: textOf(args, 'field') }))
  output.say(done)
  if (output.json) output.value({ ok: true, done })
  return 0
}
