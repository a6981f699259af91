/** `tandem apply`: HEAD's exports → live. */
import { withLock } from '../../io/lock.ts'
import { parseAllowDeletes } from '../../operations/allow-deletes.ts'
import { applyAll, type ApplyResult } from '../../operations/apply.ts'
import { waitForBackground } from '../../operations/background.ts'
import { requireCarrying } from '../../operations/carrying.ts'
import { changeWords } from '../../operations/change-words.ts'
import { parseOnly } from '../../operations/sources.ts'
import { ALLOW_DELETES, DRY_RUN, ONLY, textOf, textsOf, type Command, type CommandContext } from '../command.ts'
import { exitCodeOf, sayFailures } from './failures.ts'

export const applyCommand: Command = {
  usage: 'apply',
  describe: "Bring HEAD's exports into the databases, three-way against the last point of agreement",
  options: {
    only: ONLY,
    'allow-deletes': ALLOW_DELETES,
    wait: { type: 'boolean', describe: 'Wait for another run in this clone instead of giving up' },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem apply', 'after git reset --hard origin/main in a deploy script'],
    ['tandem apply --dry-run', 'what would change'],
  ],
  run: runApply,
}

async function runApply(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const head = await requireCarrying(workspace)
  const options = {
    head,
    only: parseOnly(textOf(args, 'only')),
    allowed: parseAllowDeletes(textsOf(args, 'allowDeletes')),
    // a run that a hook started decides no more than the hook may
    takeMixed: args['wait'] !== true,
  }
  const wait = await waitForBackground(workspace, args['wait'] === true)
  const result = await withLock(workspace.dataDir, wait, () => applyAll(workspace, options))
  const lines = [...result.settled.flatMap(changeWords), ...result.held]
  for (const line of lines.length > 0 ? lines : ['nothing to apply']) output.say(line)
  if (output.json) output.value(jsonOf(result))
  sayFailures(output, result.failures)
  return exitCodeOf(result)
}

function jsonOf(result: ApplyResult): Readonly<Record<string, unknown>> {
  return {
    ok: result.failures.length === 0 && result.held.length === 0,
    held: result.held,
    sources: Object.fromEntries(
      result.settled.map(({ source, plan, report }) => [
        source.source,
        {
          collections: Object.fromEntries(
            plan.outcomes.map(({ name, changes, decisions }) => [
              name,
              { changes: changes.length, decisions: decisions.length },
            ]),
          ),
          held: Object.fromEntries(plan.holds),
          report: report?.path,
        },
      ]),
    ),
    failures: result.failures.map(({ source, error }) => ({ source, code: error.code, message: error.message })),
  }
}
