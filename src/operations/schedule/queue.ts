/** `tandem queue`: failed work, run again by hand or given up. */
import { applyAll } from '../apply.ts'
import { JOBS, type Job } from '../../config/schedule.ts'
import { withLock } from '../../io/lock.ts'
import { NO_CONSENT } from '../../model/consent.ts'
import { UsageError } from '../../model/errors.ts'
import type { JobOutcome, JobStart } from '../../schedule/run-job.ts'
import { requireCarrying } from '../../workspace/carrying.ts'
import { putIntoQueue, queuedWork, takeFromQueue } from '../../workspace/queue.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { runScheduled } from './run-scheduled.ts'

/** What became of an entry. */
export interface RetryOutcome extends Omit<JobOutcome, 'job'> {
  readonly name: string
}

/** Runs queued work again, now; all of it where no name is given. @throws UsageError for a name that is not in the queue */
export async function retryQueue(
  workspace: Workspace,
  names: readonly string[],
  program: readonly string[],
): Promise<readonly RetryOutcome[]> {
  const outcomes: RetryOutcome[] = []
  for (const name of await chosen(workspace, names)) {
    if (isJob(name)) {
      const start: JobStart = { program, trigger: 'queue' }
      const [outcome] = await runScheduled(workspace, name, start)
      if (outcome !== undefined) outcomes.push({ ...outcome, name })
    } else outcomes.push(await retryApply(workspace, name))
  }
  return outcomes
}

/** Forgets queued work. @throws UsageError for a name that is not in the queue */
export async function dropFromQueue(workspace: Workspace, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) throw new UsageError('name what is to be dropped', { hint: 'tandem queue list names it.' })
  const dropped = await chosen(workspace, names)
  if (!workspace.invocation.dryRun) for (const name of dropped) await takeFromQueue(workspace, name)
  return dropped
}

async function chosen(workspace: Workspace, names: readonly string[]): Promise<readonly string[]> {
  const waiting = (await queuedWork(workspace)).map(({ name }) => name)
  const missing = names.find((name) => !waiting.includes(name))
  if (missing !== undefined)
    throw new UsageError(`${missing} is not in the queue`, {
      hint: waiting.length === 0 ? 'Nothing waits.' : `It has: ${waiting.join(', ')}`,
    })
  return names.length === 0 ? waiting : names
}

function isJob(name: string): name is Job {
  return (JOBS as readonly string[]).includes(name)
}

/** What a hook left: bringing the database in step with HEAD. */
async function retryApply(workspace: Workspace, name: string): Promise<RetryOutcome> {
  const head = await requireCarrying(workspace)
  const options = { head, only: undefined, consent: NO_CONSENT }
  const { failures } = await withLock(workspace.dataDir, 0, () => applyAll(workspace, options))
  const [failure] = failures
  if (failure === undefined) {
    await takeFromQueue(workspace, name)
    return { name, state: 'done', exitCode: 0, message: 'done', isTold: false }
  }
  const { exitCode, message } = failure.error
  const at = { nowMs: workspace.invocation.nowMs(), attempts: workspace.config.queue.attempts }
  const entry = await putIntoQueue(workspace, { name, kind: 'again', exitCode, message }, at)
  return { name, state: 'failed', exitCode, message, isTold: entry.isTold }
}
