/** `tandem mirror init`. */
import { initMirror } from '../../../operations/mirror/init.ts'
import { mirrorPlace } from '../../../operations/mirror/place.ts'
import { runMirror } from '../../../operations/mirror/run.ts'
import type { CommandContext } from '../../command.ts'
import { codeOf, jsonOf, sayOutcome } from './outcome.ts'

/** Makes the pair and runs the mirror once. */
export async function runMirrorInit(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const workspace = await context.workspace()
  const place = await mirrorPlace(workspace)
  const { mirror, isNew } = await initMirror(workspace, place)
  const verb = invocation.dryRun ? 'would be' : 'is'
  output.say(
    isNew
      ? `${mirror} ${verb} the mirror of ${place.roots.primary}; both sides are united, nothing is deleted`
      : `${mirror} is the mirror already`,
  )
  if (invocation.dryRun) {
    if (output.json) output.value({ ok: true, mirror, isNew })
    return 0
  }
  const run = { prefer: undefined, allowDeletes: 0 }
  const outcome = await runMirror(workspace, place, { run, trigger: 'init', waitMs: 10_000 })
  sayOutcome(output, outcome)
  if (output.json) output.value({ mirror, isNew, ...jsonOf(outcome) })
  return codeOf(outcome)
}
