/** `tandem resolve`: resolves the conflicts that git left in the exports. */
import { resolveConflicts } from '../../operations/resolve.ts'
import { type Command, type CommandContext, DRY_RUN } from '../command.ts'

export const resolveCommand: Command = {
  usage: 'resolve',
  describe: 'Merge the exports that git left in conflict, record by record, and stage the result',
  options: { 'dry-run': DRY_RUN },
  examples: [['tandem resolve && git commit --no-edit', 'after a merge that stopped in exports/']],
  run: runResolve,
}

async function runResolve(context: CommandContext): Promise<number> {
  const { output } = context
  const { resolved, left } = await resolveConflicts(await context.workspace())
  for (const { path, decisions, into } of resolved)
    output.say(
      into === undefined
        ? `${path}: merged, ${decisions} conflicting values decided`
        : `${path}: renamed; what was written in it is in ${into}`,
    )
  for (const { path, reason } of left) output.say(`${path}: left to you: ${reason}`)
  if (resolved.length + left.length === 0) output.say('no export is in conflict')
  else if (left.length === 0) output.say('staged; conclude with: git commit --no-edit (or git rebase --continue)')
  if (output.json) output.value({ ok: left.length === 0, resolved, left })
  return left.length === 0 ? 0 : 1
}
