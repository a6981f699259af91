/** `tandem mirror run`, `status` and `resolve`. */
import { UsageError } from '../../../model/errors.ts'
import { mirrorPlace } from '../../../operations/mirror/place.ts'
import { type ResolveRequest, resolveMirror } from '../../../operations/mirror/resolve.ts'
import { planMirror, runAfterCommit, runMirror } from '../../../operations/mirror/run.ts'
import type { MirrorRun } from '../../../mirror/run.ts'
import { age } from '../../../report/age.ts'
import { runsOf } from '../../../workspace/runs.ts'
import { type CommandContext, textOf } from '../../command.ts'
import { codeOf, jsonOf, sayOutcome } from './outcome.ts'

const WAIT_MS = 30_000

function runOf({ args }: CommandContext): MirrorRun {
  const allowed = args['allowDeletes']
  if (allowed !== undefined && !(Number.isSafeInteger(allowed) && Number(allowed) >= 0))
    throw new UsageError('--allow-deletes takes a number of files')
  return { prefer: textOf(args, 'prefer') as MirrorRun['prefer'], allowDeletes: Number(allowed ?? 0) }
}

/** Runs once. Exit code 1: conflicts or problems wait for a person. */
export async function runRun(context: CommandContext): Promise<number> {
  const { args, output, invocation } = context
  const workspace = await context.workspace()
  const place = await mirrorPlace(workspace)
  const run = runOf(context)
  if (args['afterCommit'] === true) {
    await runAfterCommit(workspace, place)
    return 0
  }
  const trigger = textOf(args, 'trigger') ?? invocation.environment['TANDEM_TRIGGER'] ?? 'user'
  const outcome = invocation.dryRun
    ? await planMirror(place, run)
    : await runMirror(workspace, place, { run, trigger, waitMs: WAIT_MS })
  sayOutcome(output, outcome)
  if (output.json) output.value(jsonOf(outcome))
  return codeOf(outcome)
}

/** What a run would do, and when the last one was. */
export async function runMirrorStatus(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const workspace = await context.workspace()
  const place = await mirrorPlace(workspace)
  const outcome = await planMirror(place, runOf(context))
  const last = (await runsOf(workspace, 'mirror')).at(-1)
  output.say(`${place.roots.primary} and ${place.roots.mirror} (${place.config.mode})`)
  if (last !== undefined) output.say(`last run: ${age(invocation.nowMs() - Date.parse(last.ended))}; ${last.message}`)
  sayOutcome(output, outcome)
  if (output.json)
    output.value({ ...jsonOf(outcome), primary: place.roots.primary, mirror: place.roots.mirror, lastRun: last })
  return codeOf(outcome)
}

/** Ends conflicts. */
export async function runMirrorResolve(context: CommandContext): Promise<number> {
  const { args, output } = context
  const keep = textOf(args, 'keep') as ResolveRequest['keep'] | undefined
  if (keep === undefined)
    throw new UsageError('resolve needs to know which one stays', {
      hint: '--keep current: the file that has the name; --keep saved: the one beside it; --keep primary, --keep mirror',
    })
  const workspace = await context.workspace()
  const place = await mirrorPlace(workspace)
  const outcome = await resolveMirror(workspace, place, { path: textOf(args, 'path'), keep })
  sayOutcome(output, outcome)
  if (output.json) output.value(jsonOf(outcome))
  return codeOf(outcome)
}
