/** `tandem pause`: the hooks of this clone carry nothing until `tandem resume`. */
import { pause } from '../../operations/pause.ts'
import { type Command, type CommandContext, DRY_RUN } from '../command.ts'

export const pauseCommand: Command = {
  usage: 'pause',
  describe: 'Let git work without the databases until tandem resume: nothing is exported or applied in this clone',
  options: { 'dry-run': DRY_RUN },
  examples: [['tandem pause', 'before a migration, or while something looks wrong']],
  run: runPause,
}

async function runPause(context: CommandContext): Promise<number> {
  const { invocation, output } = context
  const { since, changed } = await pause(invocation)
  const would = invocation.dryRun ? 'would be paused' : 'paused'
  output.say(
    changed ? `${would}: pushes and pulls carry code only; go on with: tandem resume` : `paused since ${since}`,
  )
  if (output.json) output.value({ ok: true, paused: !invocation.dryRun || !changed, since, changed })
  return 0
}
