/** `tandem sync`: everything in one command. */
import { withLock } from '../../io/lock.ts'
import { parseAllowDeletes } from '../../operations/allow-deletes.ts'
import { changeWords } from '../../operations/change-words.ts'
import type { ExportResult } from '../../operations/export.ts'
import { parseOnly } from '../../operations/sources.ts'
import { sync } from '../../operations/sync.ts'
import { ALLOW_DELETES, DRY_RUN, ONLY, textOf, textsOf, type Command, type CommandContext } from '../command.ts'
import { exitCodeOf, sayFailures } from './failures.ts'

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
    allowed: parseAllowDeletes(textsOf(args, 'allowDeletes')),
    relayout: args['relayout'] !== false,
    acceptClock: args['acceptClock'] === true,
    replace: true,
    takeForeign: true,
  }
  const result = await withLock(workspace.dataDir, 0, () => sync(workspace, options))
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
  return exitCodeOf(last)
}

function wordsOf(result: ExportResult): string[] {
  const lines = result.sources.flatMap(changeWords)
  if (result.commit !== undefined)
    lines.push(`data commit ${result.commit.commit.slice(0, 7)}: ${result.commit.summary}`)
  return lines
}
