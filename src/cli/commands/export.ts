/** `tandem export`: live → exports, staged or as a data commit. */
import { parseAllowDeletes } from '../../operations/allow-deletes.ts'
import { requireCarrying } from '../../operations/carrying.ts'
import { exportAndCommit, exportAndStage, type ExportResult } from '../../operations/export.ts'
import { parseOnly } from '../../operations/sources.ts'
import { ALLOW_DELETES, DRY_RUN, ONLY, textOf, textsOf, type Command, type CommandContext } from '../command.ts'
import { withLock } from '../../io/lock.ts'
import { exitCodeOf, sayFailures } from './failures.ts'

export const exportCommand: Command = {
  usage: 'export',
  describe: 'Write the databases into the exports: staged, or with --commit as a data commit',
  options: {
    only: ONLY,
    commit: { type: 'boolean', describe: 'Make a data commit on the current branch' },
    full: { type: 'boolean', describe: 'Read everything again (nothing is read incrementally yet: always so)' },
    relayout: { type: 'boolean', describe: 'Choose a new layout for collections that have outgrown theirs' },
    'allow-deletes': ALLOW_DELETES,
    'accept-clock': { type: 'boolean', describe: 'Export although history is ahead of this clock' },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem export --dry-run', 'what the next push would carry'],
    ['tandem export --commit', 'a data commit now, without pushing'],
    ['tandem export --commit --allow-deletes sessions=500', 'let a purge through the guard'],
  ],
  run: runExport,
}

async function runExport(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const head = await requireCarrying(workspace)
  const options = {
    head,
    only: parseOnly(textOf(args, 'only')),
    allowed: parseAllowDeletes(textsOf(args, 'allowDeletes')),
    relayout: args['relayout'] === true,
    acceptClock: args['acceptClock'] === true,
    replace: true,
    takeForeign: true,
    keepMixed: args['commit'] === true,
  }
  const work = args['commit'] === true ? exportAndCommit : exportAndStage
  const result = await withLock(workspace.dataDir, 0, () => work(workspace, options))
  for (const line of wordsOf(result)) output.say(line)
  if (output.json) output.value(jsonOf(result))
  sayFailures(output, result.failures)
  return exitCodeOf(result)
}

function wordsOf(result: ExportResult): string[] {
  const lines = result.sources.flatMap(({ source, exported }) =>
    exported.collections.map(({ name, count, writes }) => {
      const files = writes.size === 0 ? 'unchanged' : `${writes.size} file${writes.size === 1 ? '' : 's'}`
      return `${source.source}/${name} +${count.added} ~${count.changed} -${count.removed} (${files})`
    }),
  )
  if (result.commit !== undefined)
    lines.push(`data commit ${result.commit.commit.slice(0, 7)}: ${result.commit.summary}`)
  return [...lines, ...result.held]
}

function jsonOf(result: ExportResult): Readonly<Record<string, unknown>> {
  return {
    ok: result.failures.length === 0 && result.held.length === 0,
    commit: result.commit?.commit,
    held: result.held,
    sources: Object.fromEntries(
      result.sources.map(({ source, exported }) => [
        source.source,
        {
          collections: Object.fromEntries(
            exported.collections.map(({ name, count, writes }) => [name, { ...count, files: writes.size }]),
          ),
          held: Object.fromEntries(exported.holds),
        },
      ]),
    ),
    failures: result.failures.map(({ source, error }) => ({ source, code: error.code, message: error.message })),
  }
}
