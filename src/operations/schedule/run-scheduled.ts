/** `tandem schedule run [NAME]`: a job with everything around it: pings, queue, sign of life, notifications. */
import type { Job } from '../../config/schedule.ts'
import { beat } from '../../health/heartbeat.ts'
import { ping } from '../../health/ping.ts'
import { logLine } from '../../io/log.ts'
import { type JobOutcome, type JobStart, runJob } from '../../schedule/run-job.ts'
import { installedSchedule } from '../../workspace/installed-schedule.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { tellOfJob } from '../notify.ts'
import { dueJobs } from './status.ts'

/** Runs one job, or all that are due. One that fails does not stop the others. */
export async function runScheduled(
  workspace: Workspace,
  job: Job | undefined,
  start: JobStart,
): Promise<readonly JobOutcome[]> {
  const jobs = job === undefined ? await tickJobs(workspace) : [job]
  const outcomes: JobOutcome[] = []
  for (const each of jobs) outcomes.push(await runAround(workspace, each, start))
  if (outcomes.some(({ state }) => state === 'done' || state === 'failed')) await sendSignOfLife(workspace, outcomes)
  return outcomes
}

/** The first tick of a schedule that somebody installed by hand (Synology) begins to count from now. */
async function tickJobs(workspace: Workspace): Promise<readonly Job[]> {
  const installed = installedSchedule(workspace)
  if ((await installed.read()) === null) {
    const { invocation, config } = workspace
    const jobs = [...config.schedule.keys()]
    await installed.write({ kind: 'synology', installedMs: invocation.nowMs(), jobs, program: [], files: [] })
  }
  return dueJobs(workspace)
}

async function runAround(workspace: Workspace, job: Job, start: JobStart): Promise<JobOutcome> {
  await ping(workspace, job, 'start')
  const outcome = await runJob(workspace, job, start)
  if (outcome.state === 'busy' || outcome.state === 'waits') return outcome
  const isWell = outcome.state === 'done' && (job !== 'health' || outcome.exitCode === 0)
  await ping(workspace, job, isWell ? 'success' : 'fail')
  await tellOfJob(workspace, outcome)
  return outcome
}

async function sendSignOfLife(workspace: Workspace, outcomes: readonly JobOutcome[]): Promise<void> {
  const isWell = outcomes.every(
    ({ state, exitCode, job }) => state !== 'failed' && (job !== 'health' || exitCode === 0),
  )
  const problem = await beat(workspace, isWell)
  if (problem !== undefined)
    await logLine(workspace.dataDir, workspace.invocation.nowMs(), `WARNING sign of life not pushed: ${problem}`)
}
