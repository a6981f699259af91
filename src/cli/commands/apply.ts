/** `tandem apply`: HEAD's exports → live. */
import { withLock } from '../../io/lock.ts'
import { parseAllowDeletes } from '../../operations/allow-deletes.ts'
import { applyAll, type ApplyResult } from '../../operations/apply.ts'
import { isBackground, waitForBackground } from '../../operations/background.ts'
import { requireCarrying } from '../../operations/carrying.ts'
import { changeWords } from '../../operations/change-words.ts'
import { mergeCommitOf } from '../../operations/merge-commit.ts'
import { parseOnly } from '../../operations/sources.ts'
import { ALLOW_DELETES, DRY_RUN, ONLY, textOf, textsOf, type Command, type CommandContext } from '../command.ts'
import { reviewing, type Reviewing } from '../structure-review.ts'
import { exitCodeOf, sayFailures } from './failures.ts'

export const applyCommand: Command = {
  usage: 'apply',
  describe: "Bring HEAD's exports into the databases, three-way against the last point of agreement",
  options: {
    only: ONLY,
    'allow-deletes': ALLOW_DELETES,
    'accept-merge': {
      type: 'string',
      describe: 'Take a merge commit as it is: what it dropped of either side is meant to be gone',
    },
    'apply-schema': {
      type: 'boolean',
      describe:
        'First add the tables, fields and enum labels that HEAD has and a database lacks; shows the statements and asks',
    },
    wait: { type: 'boolean', describe: 'Wait for another run in this clone instead of giving up' },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem apply', 'after git reset --hard origin/main in a deploy script'],
    ['tandem apply --accept-merge 1a2b3c4', 'a merge that threw records away was right'],
    ['tandem apply --dry-run', 'what would change'],
    ['tandem apply --apply-schema --dry-run', 'the statements that a migration of the other machine amounts to'],
  ],
  run: runApply,
}

async function runApply(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const head = await requireCarrying(workspace)
  const schema = args['applySchema'] === true ? reviewing(context) : undefined
  const options = {
    head,
    ...(schema !== undefined && { review: schema.review }),
    only: parseOnly(textOf(args, 'only')),
    allowed: parseAllowDeletes(textsOf(args, 'allowDeletes')),
    retry: true,
  }
  const merge = textOf(args, 'acceptMerge')
  const acceptMerge = merge === undefined ? undefined : await mergeCommitOf(workspace, merge, head.commit)
  const wait = await waitForBackground(workspace, args['wait'] === true)
  const result = await withLock(workspace.dataDir, wait, async () => {
    // a run that a hook started decides no more than the hook may
    const isAsked = !(await isBackground(workspace))
    return applyAll(workspace, {
      ...options,
      waitMs: wait,
      redo: isAsked,
      takeMixed: isAsked,
      ...(acceptMerge !== undefined && { acceptMerge }),
    })
  })
  const lines = [...result.settled.flatMap(changeWords), ...result.held]
  for (const line of lines.length > 0 ? lines : ['nothing to apply']) output.say(line)
  if (output.json) output.value(jsonOf(result, schema))
  sayFailures(output, result.failures)
  return exitCodeOf(result)
}

function jsonOf(result: ApplyResult, schema: Reviewing | undefined): Readonly<Record<string, unknown>> {
  return {
    ok: result.failures.length === 0 && result.held.length === 0,
    held: result.held,
    ...(schema !== undefined && { schema: schema.shown() }),
    sources: Object.fromEntries(
      result.settled.map(({ source, plan, report, notes }) => [
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
          notes,
        },
      ]),
    ),
    failures: result.failures.map(({ source, error }) => ({ source, code: error.code, message: error.message })),
  }
}
