/** Records how a command ended, whether it succeeded or threw. A dry run leaves no record. */
import { LockedError } from '../model/errors.ts'
import { asTandemError } from '../source/sources.ts'
import { recordRun } from '../workspace/runs.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** How the record is made of a result. */
interface RecordWords<Result> {
  readonly job: string
  readonly exitCode: (result: Result) => number
  readonly message: (result: Result) => string
}

/** Returns what the work returns, and throws what it throws. That another run is at work is no run of this job. */
export async function recorded<Result>(
  workspace: Workspace,
  { job, ...words }: RecordWords<Result>,
  work: () => Promise<Result>,
): Promise<Result> {
  const started = workspace.invocation.nowMs()
  try {
    const result = await work()
    await record(workspace, job, { started, exitCode: words.exitCode(result), message: words.message(result) })
    return result
  } catch (error) {
    const { exitCode, message } = asTandemError(error)
    if (!(error instanceof LockedError)) await record(workspace, job, { started, exitCode, message })
    throw error
  }
}

/** The record of a run that has ended now. */
export async function record(
  workspace: Workspace,
  job: string,
  run: { readonly started: number; readonly exitCode: number; readonly message: string },
): Promise<void> {
  const { dryRun, inHook, environment, nowMs } = workspace.invocation
  if (dryRun) return
  await recordRun(workspace, job, {
    trigger: inHook ? 'hook' : (environment['TANDEM_TRIGGER'] ?? 'user'),
    started: new Date(run.started).toISOString(),
    ended: new Date(nowMs()).toISOString(),
    exitCode: run.exitCode,
    message: run.message.replaceAll(/\s*\n\s*/g, ' | ').slice(0, 500),
    figures: {},
  })
}
