/** `tandem sync`: export, commit, pull, apply and push in one command. */
import { consentOf } from '../consent.ts'
import { withLock } from '../../io/lock.ts'
import { recorded } from '../../operations/recorded.ts'
import { sync } from '../../operations/sync.ts'
import { changeWords } from '../../pull/lines.ts'
import type { ExportResult } from '../../push/export-sources.ts'
import { parseOnly } from '../../source/only.ts'
import { ALLOW_DELETES, type Command, type CommandContext, DRY_RUN, ONLY, textOf } from '../command.ts'
import { exitCodeOf, sayFailures } from '../failures.ts'

export const syncCommand: Command = {
  usage: 'sync',
  describe: 'Export, commit, pull, merge, apply and push',
  options: {
    push: { type: 'boolean', default: true, describe: 'Push at the end (--no-push: do not)' },
    only: ONLY,
    relayout: { type: 'boolean', default: true, describe: 'Choose new layouts where collections have outgrown theirs' },
    'allow-deletes': ALLOW_DELETES,
    'accept-clock': { type: 'boolean', describe: 'Export although history is ahead of this clock' },
    'dry-run': DRY_RUN,
  },
  examples: [['tandem sync', 'from cron, or before shutting down']],
  run: runSync,
}

async function runSync(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const options = {
    push: args['push'] !== false,
    only: parseOnly(textOf(args, 'only')),
    consent: consentOf(args),
    reading: { relayout: args['relayout'] !== false },
    replace: true,
    takeForeign: true,
  }
  const result = await recorded(
    workspace,
    {
      job: 'sync',
      exitCode: ({ before, after }) => exitCodeOf(after ?? before),
      message: ({ before, after }) => {
        const { failures, held } = after ?? before
        return failures[0]?.error.message ?? held[0] ?? 'done'
      },
    },
    () => withLock(workspace.dataDir, 0, () => sync(workspace, options)),
  )
  const last = result.after ?? result.before
  for (const each of result.after === undefined ? [result.before] : [result.before, result.after])
    for (const line of wordsOf(each)) output.say(line)
  for (const line of last.held) output.say(line)
  output.say(
    result.upstream === undefined
      ? 'no upstream branch: nothing pulled or pushed'
      : result.pushed
        ? `pushed to ${result.upstream}`
        : 'nothing to push',
  )
  if (output.json)
    output.value({
      ok: exitCodeOf(last) === 0,
      upstream: result.upstream,
      pushed: result.pushed,
      commits: [result.before.commit?.commit, result.after?.commit?.commit].filter((id) => id !== undefined),
      held: last.held,
      failures: last.failures.map(({ source, error }) => ({ source, code: error.code, message: error.message })),
    })
  sayFailures(output, last.failures)
  if (!workspace.config.backup.onSync || workspace.invocation.dryRun) return exitCodeOf(last)
  const { backupAfterSync } = await import('./backup/create.ts')
  const code = await backupAfterSync(context, workspace)
  return exitCodeOf(last) || code
}

function wordsOf(result: ExportResult): string[] {
  const lines = result.sources.flatMap(changeWords)
  if (result.commit !== undefined)
    lines.push(`data commit ${result.commit.commit.slice(0, 7)}: ${result.commit.summary}`)
  return lines
}
