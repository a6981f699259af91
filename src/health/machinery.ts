/** Does what should run by itself still run: the installed schedule, the queue of failed work, and the log. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { JOBS, type Job } from '../config/schedule.ts'
import { type When, overdueMs } from '../config/when.ts'
import { exists } from '../io/exists.ts'
import { age } from '../report/age.ts'
import { counted } from '../report/counted.ts'
import { type InstalledSchedule, lastScheduled } from '../workspace/installed-schedule.ts'
import { type QueuedWork, queuedWork } from '../workspace/queue.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type HealthCheck, alarm, lookAt, well } from './check.ts'
import { ago } from './jobs.ts'

const INSTALL = 'Run: tandem schedule install'

/** The schedule: installed, its program there, and every job started by it in time. */
export async function checkSchedule(
  workspace: Workspace,
  installed: InstalledSchedule | null,
): Promise<readonly HealthCheck[]> {
  if (installed === null) return [lookAt('schedule', 'nothing runs by itself', INSTALL)]
  for (const file of installed.program)
    if (!(await exists(file))) return [alarm('schedule', `it starts ${file}, which is not there any more`, INSTALL)]
  for (const file of installed.files) if (!(await exists(file))) return [alarm('schedule', `${file} is gone`, INSTALL)]
  const late: string[] = []
  for (const job of installed.jobs) {
    const when = workspace.config.schedule.get(job)
    const words = when === undefined ? undefined : await lateness(workspace, { job, when, installed })
    if (words !== undefined) late.push(words)
  }
  if (late.length > 0)
    return [
      alarm('schedule', late.join('; '), `Look at the system's scheduler (${installed.kind}): tandem schedule status`),
    ]
  const missing = [...workspace.config.schedule.keys()].filter((job) => !installed.jobs.includes(job))
  if (missing.length > 0) return [lookAt('schedule', `${missing.join(', ')} came later and is not installed`, INSTALL)]
  return [well('schedule', `${installed.kind} starts ${installed.jobs.join(', ')}`)]
}

async function lateness(
  workspace: Workspace,
  { job, when, installed }: { readonly job: Job; readonly when: When; readonly installed: InstalledSchedule },
): Promise<string | undefined> {
  const last = await lastScheduled(workspace, job).read()
  const since = workspace.invocation.nowMs() - (last || installed.installedMs)
  if (since <= overdueMs(when)) return undefined
  return last === 0
    ? `${job} was never started, although it is installed since ${age(since)}`
    : `${job} was last started ${ago(since)}`
}

/** The queue. For a job of the schedule the check of the job raises the alarm; of what hooks left only the queue tells. */
export async function checkQueue(workspace: Workspace): Promise<HealthCheck> {
  const waiting = await queuedWork(workspace)
  const told = waiting.filter(({ isTold, name }) => isTold && !JOBS.some((job) => job === name))
  const words = (each: QueuedWork): string =>
    `${each.name} failed ${counted(each.attempts, 'time')} since ${each.since}: ${each.message}`
  if (told.length > 0) return alarm('queue', told.map(words).join('; '), 'Run: tandem queue retry')
  if (waiting.length > 0) return lookAt('queue', waiting.map(words).join('; '), 'Run: tandem queue list')
  return well('queue', 'nothing waits to be tried again')
}

const DAY_MS = 86_400_000

/** Lines of the log that begin with ERROR, of the last day. */
export async function checkLog({ dataDir, invocation }: Workspace): Promise<HealthCheck> {
  const text = await readFile(path.join(dataDir, 'log'), 'utf8').catch(() => '')
  const errors = text
    .split('\n')
    .filter((line) => /^\S+ ERROR /.test(line) && invocation.nowMs() - Date.parse(line.slice(0, 24)) < DAY_MS)
  if (errors.length === 0) return well('log', 'no error within a day')
  return lookAt(
    'log',
    `${counted(errors.length, 'error')} within a day, the last: ${errors.at(-1)}`,
    'Run: tandem logs',
  )
}
