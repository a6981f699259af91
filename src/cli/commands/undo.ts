/** `tandem undo`: brings live back to what it was before the last apply. */
import { withLock } from '../../io/lock.ts'
import { UsageError } from '../../model/errors.ts'
import { listSnapshots, publishUndone, undoSource } from '../../operations/undo.ts'
import type { ListedSafety, UndoResult } from '../../safety/undo.ts'
import { keptLines } from '../../safety/undone.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, DRY_RUN, ONLY, textOf } from '../command.ts'
import { tableLines } from '../table.ts'
import { gravestOf, sayFailures } from '../failures.ts'

export const undoCommand: Command = {
  usage: 'undo [snapshot]',
  describe: 'Return a database to what it was before the last apply, and hold it until you decide',
  positionals: { snapshot: { type: 'string', describe: 'Back to this one of --list: a name, or its beginning' } },
  options: {
    list: { type: 'boolean', describe: 'Show the safety snapshots instead' },
    publish: { type: 'boolean', describe: 'Let a held source go: its former state becomes a change for all' },
    only: ONLY,
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem undo', 'take back what the last pull brought in'],
    ['tandem apply', 'afterwards: bring it in again'],
    ['tandem undo --publish', 'afterwards: the former state for everybody'],
  ],
  run: runUndo,
}

async function runUndo(context: CommandContext): Promise<number> {
  const { args } = context
  const snapshot = textOf(args, 'snapshot')
  const [list, publish] = [args['list'] === true, args['publish'] === true]
  if ([list, publish, snapshot !== undefined].filter(Boolean).length > 1)
    throw new UsageError('undo takes one of SNAPSHOT, --list and --publish')
  if (list) return runList(context)
  return publish ? runPublish(context) : runBack(context, snapshot)
}

async function runBack(context: CommandContext, snapshot: string | undefined): Promise<number> {
  const { args, output, invocation } = context
  const workspace = await context.workspace()
  const only = parseOnly(textOf(args, 'only'))
  const result = await withLock(workspace.dataDir, 0, () => undoSource(workspace, { only, snapshot }))
  for (const line of wordsOf(result, invocation.dryRun)) output.say(line)
  if (output.json)
    output.value({
      ok: true,
      source: result.source,
      snapshot: result.snapshot?.name,
      ...result.count,
      kept: result.kept,
    })
  return 0
}

function wordsOf(result: UndoResult, dryRun: boolean): string[] {
  const { source, snapshot, count, kept } = result
  if (snapshot === undefined) return [`${source}: nothing to undo`]
  const { added, changed, removed } = count
  const from = `before the ${snapshot.info.kind} of ${snapshot.info.time}`
  if (added + changed + removed === 0)
    return [`${source} is as it was ${from}: nothing to take back`, ...keptLines(source, kept)]
  return [
    `${source} +${added} ~${changed} -${removed} ${dryRun ? 'would be taken back' : 'taken back'}: as it was ${from}`,
    ...keptLines(source, kept),
    `${source} ${dryRun ? 'would be' : 'is'} held now; to bring it in again: tandem apply; to make the former state a change for all: tandem undo --publish`,
  ]
}

async function runPublish(context: CommandContext): Promise<number> {
  const { args, output, invocation } = context
  const workspace = await context.workspace()
  const only = parseOnly(textOf(args, 'only'))
  const source = await withLock(workspace.dataDir, 0, () => publishUndone(workspace, only))
  output.say(
    `${source}: the next data commit ${invocation.dryRun ? 'would export' : 'exports'} the former state as a change`,
  )
  if (output.json) output.value({ ok: true, source })
  return 0
}

async function runList(context: CommandContext): Promise<number> {
  const { args, output } = context
  const { sources, failures } = await listSnapshots(await context.workspace(), parseOnly(textOf(args, 'only')))
  const rows = sources.flatMap(({ source, snapshots }) => snapshots.map((each) => rowOf(source, each)))
  const table = tableLines([HEADER, ...rows], ['left', 'left', 'left', 'left'])
  for (const line of rows.length > 0 ? table : ['no safety snapshot yet']) output.say(line)
  if (output.json)
    output.value({
      ok: failures.length === 0,
      sources: Object.fromEntries(sources.map(({ source, snapshots }) => [source, snapshots.map(jsonOf)])),
      failures: failures.map(({ source, error }) => ({ source, code: error.code, message: error.message })),
    })
  sayFailures(output, failures)
  return gravestOf(failures)
}

const HEADER = ['source', 'snapshot', 'taken before', '']

function rowOf(source: string, { name, info, undoable }: ListedSafety): string[] {
  const { added, changed, removed } = info.count
  const what = `${info.kind}${info.head === undefined ? '' : ` at ${info.head.slice(0, 7)}`} +${added} ~${changed} -${removed}`
  return [
    source,
    name,
    what,
    undoable ? '' : info.kind === 'backup' ? 'an old backup, whole' : 'not to be undone (any more)',
  ]
}

function jsonOf({ name, commit, info, undoable }: ListedSafety): Readonly<Record<string, unknown>> {
  const { kind, time, head, asset, count } = info
  return { name, commit, kind, time, asset, head, ...count, undoable }
}
