/** `tandem apply`: HEAD's exports → live. */
import { consentOf } from '../consent.ts'
import type { Consent } from '../../model/consent.ts'
import { withLock } from '../../io/lock.ts'
import { type ApplyResult, applyAll, mergeCommitOf } from '../../operations/apply.ts'
import { changeWords } from '../../pull/lines.ts'
import { settledHead } from '../../push/finish-push.ts'
import { parseOnly } from '../../source/only.ts'
import { isBackground, waitForBackground } from '../../workspace/background.ts'
import { outcomeChanges } from '../../pull/outcome-count.ts'
import { ALLOW_DELETES, type Command, type CommandContext, DRY_RUN, ONLY, textOf } from '../command.ts'
import { type Reviewing, reviewing } from '../structure-review.ts'
import { exitCodeOf, sayFailures } from '../failures.ts'

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
  const schema = args['applySchema'] === true ? reviewing(context) : undefined
  const only = parseOnly(textOf(args, 'only'))
  const merge = textOf(args, 'acceptMerge')
  const wait = await waitForBackground(workspace, args['wait'] === true)
  const result = await withLock(workspace.dataDir, wait, async () => {
    const head = await settledHead(workspace)
    const acceptMerge = merge === undefined ? undefined : await mergeCommitOf(workspace, merge, head.commit)
    // a run in the background was started by a hook, and may decide no more than the hook itself
    const allowed = (await isBackground(workspace)) ? BY_HOOK : BY_PERSON
    const consent = { ...consentOf(args), ...allowed, ...(acceptMerge !== undefined && { acceptMerge }) }
    return applyAll(workspace, {
      head,
      only,
      consent,
      waitMs: wait,
      ...(schema !== undefined && { review: schema.review }),
    })
  })
  const lines = [...result.inStep.flatMap(changeWords), ...result.held]
  for (const line of lines.length > 0 ? lines : ['nothing to apply']) output.say(line)
  if (output.json) output.value(jsonOf(result, schema))
  sayFailures(output, result.failures)
  return exitCodeOf(result)
}

const BY_HOOK: Consent = { again: 'refused' }

const BY_PERSON: Consent = { again: 'undone', mixed: 'take' }

function jsonOf(result: ApplyResult, schema: Reviewing | undefined): Readonly<Record<string, unknown>> {
  return {
    ok: result.failures.length === 0 && result.held.length === 0,
    held: result.held,
    ...(schema !== undefined && { schema: schema.shown() }),
    sources: Object.fromEntries(
      result.inStep.map(({ source, plan, report, notes }) => [
        source.source,
        {
          collections: Object.fromEntries(
            plan.outcomes.map((outcome) => [
              outcome.name,
              { changes: outcomeChanges([outcome]), decisions: outcome.decisions.length },
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
