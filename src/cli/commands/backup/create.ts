/** `tandem backup create` and `approve`. */
import type { CatalogueEntry } from '../../../backup/catalogue.ts'
import { sizeWords } from '../../../model/duration.ts'
import { UsageError } from '../../../model/errors.ts'
import { approveBackups, backup, planBackup } from '../../../operations/backup/create.ts'
import { type Copies, copyAll } from '../../../operations/backup/copy.ts'
import { checkBackups, ownBackups } from '../../../operations/backup/look.ts'
import { counted } from '../../../report/counted.ts'
import { parseOnly } from '../../../source/only.ts'
import type { Workspace } from '../../../workspace/workspace.ts'
import { type CommandContext, textOf, textsOf } from '../../command.ts'
import { gravestOf, sayFailures } from '../../failures.ts'
import { copiesJson, sayCopies } from './copy.ts'
import { checkedJson, checkedLines } from './look.ts'

/** Runs `tandem backup create`. Exit code 1: something suspicious in what was backed up; else that of the gravest failure. */
export async function runCreate(context: CommandContext): Promise<number> {
  const { args, output, invocation } = context
  if (textsOf(args, 'archives').length > 0) throw new UsageError('backup create takes no name of an archive')
  const workspace = await context.workspace()
  const options = {
    trigger: textOf(args, 'trigger') ?? 'manual',
    only: parseOnly(textOf(args, 'only')),
    always: args['always'] === true,
  }
  if (invocation.dryRun) {
    const plan = await planBackup(workspace, options)
    output.say(`would back up ${plan.sources.join(', ')} into ${plan.folder}`)
    for (const file of plan.files) output.say(`with ${file}`)
    if (output.json) output.value({ ok: true, ...plan })
    return 0
  }
  const { entry, isNew, failures, warnings } = await backup(workspace, options)
  for (const each of warnings) output.note(each)
  if (!entry.file.endsWith('.age'))
    output.note(
      'the archive is not encrypted, and holds all fields, passwords of users among them ("encrypt" in docs/backups.md)',
    )
  output.say(wordsOf(entry, isNew))
  if (entry.suspect !== undefined) output.note(`look at this: ${entry.suspect}`)
  sayFailures(output, failures)
  const proof =
    args['prove'] === true
      ? await checkBackups(await ownBackups(workspace), {
          words: [entry.file],
          all: false,
          level: 'proven',
          trigger: options.trigger,
        })
      : []
  for (const each of proof) for (const line of checkedLines(each)) output.say(line)
  const copies =
    args['copy'] === false ? NO_COPIES : await copyAll(workspace, await ownBackups(workspace), options.trigger)
  sayCopies(context, copies)
  const code =
    gravestOf(failures) ||
    gravestOf(copies.failures) ||
    (entry.suspect === undefined ? 0 : 1) ||
    (proof.some(({ level }) => level === undefined) ? 4 : 0)
  if (output.json)
    output.value({
      ok: code === 0,
      archive: entry,
      isNew,
      warnings,
      failures: failures.map(failureJson),
      proof: proof.map(checkedJson),
      ...copiesJson(copies),
    })
  return code
}

const NO_COPIES: Copies = { done: [], failures: [] }

function wordsOf({ file, sources, sizeBytes }: CatalogueEntry, isNew: boolean): string {
  const records = sources.reduce((sum, each) => sum + each.records, 0)
  if (!isNew) return `nothing changed since ${file}: it stands for this moment, too`
  return `${file}: ${counted(records, 'record')} of ${sources.map(({ name }) => name).join(', ')}, ${sizeWords(sizeBytes)}, read back`
}

function failureJson({
  source,
  error,
}: {
  readonly source: string
  readonly error: { readonly code: string; readonly message: string }
}): object {
  return { source, code: error.code, message: error.message }
}

/** Runs `tandem backup approve`. */
export async function runApprove(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const lines = await approveBackups(await context.workspace())
  if (invocation.dryRun) output.say('would be approved:')
  for (const line of lines.length > 0 ? lines : ['backups stay in the work tree, which needs no approval'])
    output.say(line)
  if (output.json) output.value({ ok: true, approved: lines })
  return 0
}

/** The backup at the end of a `sync`, where that is configured. Returns its exit code. */
export async function backupAfterSync({ output }: CommandContext, workspace: Workspace): Promise<number> {
  const trigger = 'sync'
  const { entry, isNew, failures } = await backup(workspace, { trigger, only: undefined, always: false })
  output.say(wordsOf(entry, isNew))
  if (entry.suspect !== undefined) output.note(`look at this: ${entry.suspect}`)
  const copies = await copyAll(workspace, await ownBackups(workspace), trigger)
  sayFailures(output, [...failures, ...copies.failures])
  return gravestOf(failures) || gravestOf(copies.failures) || (entry.suspect === undefined ? 0 : 1)
}
