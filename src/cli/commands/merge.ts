/** `tandem merge PATH`: an export → live. */
import { consentOf } from '../consent.ts'
import { withLock } from '../../io/lock.ts'
import { mergePath } from '../../operations/merge.ts'
import { ALLOW_DELETES, type Command, type CommandContext, DRY_RUN, textOf } from '../command.ts'
import { exitCodeOf, sayFailures } from '../failures.ts'

export const mergeCommand: Command = {
  usage: 'merge <path>',
  describe: 'Merge an export file, a folder of them, or COMMIT:PATH into the database',
  positionals: { path: { type: 'string', describe: 'FILE, FOLDER or COMMIT:PATH; regular files only' } },
  options: {
    base: {
      type: 'string',
      describe: 'The common past: a COMMIT. Without one nothing is ever deleted',
      requiresArg: true,
    },
    'allow-deletes': ALLOW_DELETES,
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem merge backup/traders.jsonl', 'records from a file; conflicts by the rules'],
    ['tandem merge HEAD~3:exports/app/traders', 'records that three commits ago were there come back'],
  ],
  run: runMerge,
}

async function runMerge(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const options = {
    path: String(args['path']),
    base: textOf(args, 'base'),
    consent: consentOf(args),
  }
  const { merged, failures } = await withLock(workspace.dataDir, 0, () => mergePath(workspace, options))
  for (const { source, collection, changes, decisions } of merged)
    output.say(
      `${source}/${collection}: ${changes.length} records changed, ${decisions.length} conflicting values decided`,
    )
  if (output.json)
    output.value({
      ok: failures.length === 0,
      collections: merged.map(({ source, collection, changes, decisions }) => ({
        source,
        collection,
        changes: changes.length,
        decisions,
      })),
      failures: failures.map(({ source, error }) => ({ source, code: error.code, message: error.message })),
    })
  sayFailures(output, failures)
  return exitCodeOf({ failures, held: [] })
}
