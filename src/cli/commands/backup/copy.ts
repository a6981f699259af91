/** `tandem backup copy`, and the same at the end of `create`. */
import { type Copies, copyAll } from '../../../operations/backup/copy.ts'
import { ownBackups } from '../../../operations/backup/look.ts'
import { type CommandContext, textOf } from '../../command.ts'
import { gravestOf, sayFailures } from '../../failures.ts'

/** Runs `tandem backup copy`. */
export async function runCopy(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const copies = await copyAll(workspace, await ownBackups(workspace), textOf(args, 'trigger') ?? 'manual')
  sayCopies(context, copies)
  if (copies.done.length + copies.failures.length === 0)
    output.say('no place for copies is configured: "backup": {"copy": [{"to": …}]}')
  const code = gravestOf(copies.failures)
  if (output.json) output.value({ ok: code === 0, ...copiesJson(copies) })
  return code
}

/** Says what was copied where, and what was not. */
export function sayCopies({ output, invocation }: CommandContext, { done, failures }: Copies): void {
  for (const { to, copied, removed } of done)
    output.say(
      `${to}: ${copied.length} ${invocation.dryRun ? 'would be copied' : 'copied and compared'}, ${removed.length} ${invocation.dryRun ? 'would go' : 'removed'}`,
    )
  sayFailures(output, failures)
}

/** The same for `--json`. */
export function copiesJson({ done, failures }: Copies): object {
  return {
    copies: done,
    copyFailures: failures.map(({ source, error }) => ({ to: source, code: error.code, message: error.message })),
  }
}
