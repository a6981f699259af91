/** `tandem export`: live → exports, staged or as a data commit. */
import { consentOf } from '../consent.ts'
import { withLock } from '../../io/lock.ts'
import { checkExports, exportAndCommit, exportAndStage } from '../../operations/export.ts'
import type { ExportResult } from '../../push/export-sources.ts'
import { settledHead } from '../../push/finish-push.ts'
import { counted } from '../../report/counted.ts'
import { parseOnly } from '../../source/only.ts'
import { ALLOW_DELETES, type Command, type CommandContext, DRY_RUN, ONLY, textOf } from '../command.ts'
import { exitCodeOf, sayFailures } from '../failures.ts'

export const exportCommand: Command = {
  usage: 'export',
  describe: 'Write the databases into the exports: staged, or with --commit as a data commit',
  options: {
    only: ONLY,
    commit: { type: 'boolean', describe: 'Make a data commit on the current branch' },
    full: {
      type: 'boolean',
      describe: 'Read everything: all records of the databases, and every line of the exports at HEAD',
    },
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
  const options = {
    only: parseOnly(textOf(args, 'only')),
    consent: { ...consentOf(args), ...(args['commit'] === true && ({ mixed: 'keep' } as const)) },
    reading: { relayout: args['relayout'] === true, whole: args['full'] === true },
    replace: true,
    takeForeign: true,
  }
  const work = args['commit'] === true ? exportAndCommit : exportAndStage
  const result = await withLock(workspace.dataDir, 0, async () => {
    const head = await settledHead(workspace)
    if (args['full'] === true) await checkExports(workspace, { ...options, head })
    return work(workspace, { ...options, head })
  })
  for (const line of wordsOf(result)) output.say(line)
  if (output.json) output.value(jsonOf(result))
  sayFailures(output, result.failures)
  return exitCodeOf(result)
}

function wordsOf(result: ExportResult): string[] {
  const lines = result.sources.flatMap(({ source, exported }) =>
    exported.collections.map(({ name, count, writes }) => {
      const files = writes.size === 0 ? 'unchanged' : counted(writes.size, 'file')
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
