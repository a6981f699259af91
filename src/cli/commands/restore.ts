/** `tandem restore --at REV`: brings live to what the exports were at a commit. `tandem restore STAMP` is `tandem backup restore STAMP`, as in the script that this program replaced. */
import { consentOf } from '../consent.ts'
import { withLock } from '../../io/lock.ts'
import { countOf } from '../../model/change.ts'
import { GuardError, UsageError } from '../../model/errors.ts'
import { type RestoreOptions, previewRestore, restore } from '../../operations/restore.ts'
import type { RestorePlan } from '../../restore/plan-restore.ts'
import { parseOnly } from '../../source/only.ts'
import { requireCarrying } from '../../workspace/carrying.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { ALLOW_DELETES, type Command, type CommandContext, DRY_RUN, ONLY, textOf, textsOf } from '../command.ts'

export const restoreCommand: Command = {
  usage: 'restore [archives..]',
  describe: 'Make a database, a collection or a record again what the exports said at a commit, or what a backup holds',
  positionals: {
    archives: {
      type: 'string',
      array: true,
      describe: 'A backup, YYYYMMDD_HHMMSS, instead of --at: tandem backup restore',
    },
  },
  options: {
    at: {
      type: 'string',
      describe: 'REV: a commit, tag, branch~3, or a safety snapshot of undo --list',
      requiresArg: true,
    },
    collection: { type: 'string', describe: 'Only this collection', requiresArg: true },
    key: { type: 'string', describe: 'Only the record with this KEY (with --collection)', requiresArg: true },
    only: ONLY,
    'allow-deletes': ALLOW_DELETES,
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem restore --at HEAD~3 --dry-run', 'what would change'],
    ['tandem restore 20261201_021500', 'what that backup holds'],
    ['tandem restore --at v1.2 --collection traders --key trader-7', 'one record as it was then'],
  ],
  run: runRestore,
}

async function runRestore(context: CommandContext): Promise<number> {
  const { args, output, invocation } = context
  const isBackup = textsOf(args, 'archives').length > 0
  if (isBackup === (textOf(args, 'at') !== undefined))
    throw new UsageError('restore takes --at REV, or the name of a backup', {
      hint: 'For example: tandem restore --at HEAD~1, or: tandem restore 20261201_021500',
    })
  if (isBackup) return (await import('./backup/restore.ts')).runRestoreBackup(context)
  const workspace = await context.workspace()
  const only = parseOnly(textOf(args, 'only'))
  const options = {
    at: textOf(args, 'at') ?? '',
    only,
    collection: textOf(args, 'collection')?.replace(/^public\./, ''),
    key: textOf(args, 'key'),
    consent: consentOf(args),
    head: await requireCarrying(workspace),
  }
  if (options.key !== undefined && (options.collection ?? only?.collection) === undefined)
    throw new UsageError('--key names a record of one collection: add --collection NAME')
  const plan = invocation.dryRun
    ? await previewRestore(workspace, options)
    : await askAndRestore(context, workspace, options)
  const done = !invocation.dryRun
  for (const line of [...wordsOf(plan), ...endOf(plan, done)]) output.say(line)
  if (output.json) output.value(jsonOf(plan, done))
  return plan.refused.length > 0 ? 5 : 0
}

/** Shows the plan, asks, and restores; `--yes` restores without asking. @throws GuardError when the answer is not yes, or nobody can be asked */
async function askAndRestore(
  context: CommandContext,
  workspace: Workspace,
  options: RestoreOptions,
): Promise<RestorePlan> {
  const { args, output } = context
  const { ask } = context.input
  if (args['yes'] !== true) {
    const preview = await previewRestore(workspace, options)
    for (const line of wordsOf(preview)) output.note(line)
    const answer = preview.collections.length === 0 ? 'yes' : await ask?.('Restore this? yes or no: ')
    if (!/^y(es)?$/i.test(answer ?? ''))
      throw new GuardError('nothing was restored', { hint: 'To restore without being asked: --yes' })
  }
  return withLock(workspace.dataDir, 0, () => restore(workspace, options))
}

function wordsOf({ source, revision, collections, parents, leftOut, refused }: RestorePlan): string[] {
  const counts = collections.map(({ selection, changes }) => {
    const { added, changed, removed } = countOf(changes)
    return `${source}/${selection.schema.name} +${added} ~${changed} -${removed}`
  })
  if (counts.length === 0) counts.push(`${source} is as it was at ${revision.name}`)
  return [...counts, ...parents, ...leftOut, ...refused]
}

function endOf({ source, revision, collections }: RestorePlan, done: boolean): string[] {
  if (!done || collections.length === 0) return []
  return [`${source} is restored to ${revision.name}; the next push exports it as a change`]
}

function jsonOf(plan: RestorePlan, done: boolean): Readonly<Record<string, unknown>> {
  return {
    ok: plan.refused.length === 0,
    source: plan.source,
    commit: plan.revision.commit,
    restored: done && plan.collections.length > 0,
    collections: Object.fromEntries(
      plan.collections.map(({ selection, changes }) => [selection.schema.name, countOf(changes)]),
    ),
    parents: plan.parents,
    leftOut: plan.leftOut,
    refused: plan.refused,
  }
}
