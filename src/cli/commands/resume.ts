/** `tandem resume`: ends `tandem pause`. */
import { resume } from '../../operations/pause.ts'
import { type Command, type CommandContext, DRY_RUN } from '../command.ts'

export const resumeCommand: Command = {
  usage: 'resume',
  describe: 'End tandem pause',
  options: { 'dry-run': DRY_RUN },
  examples: [['tandem resume && tandem apply', 'go on, and bring in what came meanwhile']],
  run: runResume,
}

async function runResume(context: CommandContext): Promise<number> {
  const { invocation, output } = context
  const { since, changed } = await resume(invocation)
  const done = invocation.dryRun ? 'would resume' : 'resumed'
  output.say(changed ? `${done} (paused since ${since}); bring in what came meanwhile: tandem apply` : 'not paused')
  if (output.json) output.value({ ok: true, paused: invocation.dryRun && changed, since, changed })
  return 0
}
