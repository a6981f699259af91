/** `tandem backup drill`. */
import { type DrillResult, drill, scenesOf } from '../../../operations/backup/drill.ts'
import { ownBackups } from '../../../operations/backup/look.ts'
import { type CommandContext, textOf, textsOf } from '../../command.ts'
import { tableLines } from '../../table.ts'

/** Runs `tandem backup drill`. Exit code 1: a scene failed. */
export async function runDrill(context: CommandContext): Promise<number> {
  const { args, output, program, invocation } = context
  const scenes = scenesOf(textsOf(args, 'archives'))
  const workspace = await context.workspace()
  if (invocation.dryRun) {
    output.say(`would play ${scenes.join(', ')}`)
    if (output.json) output.value({ ok: true, scenes, results: [] })
    return 0
  }
  const request = { scenes, program: program.command, trigger: textOf(args, 'trigger') ?? 'manual' }
  const results = await drill(workspace, await ownBackups(workspace), request)
  for (const line of tableLines(results.map(rowOf), ['left', 'left', 'right', 'left'])) output.say(line)
  const code = results.some(({ outcome }) => outcome === 'failed') ? 1 : 0
  if (output.json) output.value({ ok: code === 0, results })
  return code
}

function rowOf({ scene, outcome, ms, message }: DrillResult): string[] {
  return [scene, outcome, outcome === 'skipped' ? '' : `${(ms / 1000).toFixed(1)} s`, message]
}
