/** `tandem merge-file`: three records files in, one out. */
import { objectText, stringText } from '../../model/canonical.ts'
import { type MergedFile, mergeFile, writeResult } from '../../operations/merge-file/merge-file.ts'
import { reportJson } from '../../report/json.ts'
import { summaryLines } from '../../report/summary.ts'
import { type Command, type CommandContext, textOf } from '../command.ts'

/** Without nargs yargs takes a `-` alone for the beginning of an option, and passes on an empty text. */
const SIDES = { base: { nargs: 1 }, ours: { nargs: 1 }, theirs: { nargs: 1 } } as const

export const mergeFileCommand: Command = {
  usage: 'merge-file <base> <ours> <theirs>',
  describe: 'Merge three records files, without a database, to standard output',
  positionals: {
    base: { type: 'string', describe: 'The common past; - is standard input, a missing file holds no records' },
    ours: { type: 'string', describe: 'One side' },
    theirs: { type: 'string', describe: 'The other side' },
  },
  options: {
    ...SIDES,
    output: { type: 'string', alias: 'o', describe: 'Write the result into this FILE instead', requiresArg: true },
    collection: {
      type: 'string',
      describe: 'Merge by the rules configured for this collection',
      requiresArg: true,
    },
    report: { type: 'string', describe: 'Write what was decided into this FILE, as JSON', requiresArg: true },
  },
  examples: [
    ['tandem merge-file base.jsonl ours.jsonl theirs.jsonl > merged.jsonl', 'exit code 1: a record found no place'],
    ['tandem merge-file - ours.jsonl theirs.jsonl -o ours.jsonl < base.jsonl', 'the base from standard input'],
    [
      'tandem merge-file none a.jsonl b.jsonl --report why.json',
      'two copies without a common past (none: no such file)',
    ],
  ],
  run: runMergeFile,
}

async function runMergeFile(context: CommandContext): Promise<number> {
  const { invocation, output, args } = context
  const { standardInput } = context.input
  const [base, ours, theirs] = ['base', 'ours', 'theirs'].map((name) => String(args[name])) as [string, string, string]
  const collection = textOf(args, 'collection')
  const merged = await mergeFile(invocation, { base, ours, theirs, collection, standardInput })
  try {
    await write(context, merged)
  } finally {
    merged.close()
  }
  for (const line of wordsOf(merged)) output.note(line)
  return merged.collisions.length > 0 ? 1 : 0
}

async function write({ invocation, output, args }: CommandContext, merged: MergedFile): Promise<void> {
  const [out, report] = [textOf(args, 'output'), textOf(args, 'report')]
  if (report !== undefined) await writeResult(invocation, report, reportJson(merged.report))
  if (out !== undefined) await writeResult(invocation, out, merged.parts)
  if (output.json) output.raw(jsonOf(merged, out === undefined))
  else if (out === undefined) for (const part of merged.parts()) output.raw(part)
}

function wordsOf({ missing, collisions, report }: MergedFile): string[] {
  return [
    ...missing.map((name) => `${name}: no such file, so it holds no records`),
    ...summaryLines(report),
    ...collisions.map(
      ({ key, keptSide }) =>
        `${key} stands for two records: that of ${keptSide} keeps it, the other is only in the report`,
    ),
  ]
}

/** `{version, ok, report, merged}`; the merged text only where no file takes it. */
function jsonOf({ parts, report, collisions }: MergedFile, withText: boolean): string {
  const merged = withText ? [['merged', stringText(Buffer.concat([...parts()]).toString())] as const] : []
  const ok = String(collisions.length === 0)
  return `${objectText([['version', '1'], ['ok', ok], ['report', reportJson(report).trimEnd()], ...merged])}\n`
}
