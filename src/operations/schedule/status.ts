/** `tandem schedule status`: what is installed, when each job last ran, and whether it is due. */
import type { Job } from '../../config/schedule.ts'
import { isDue, overdueMs } from '../../config/when.ts'
import { type InstalledSchedule, installedSchedule, lastScheduled } from '../../workspace/installed-schedule.ts'
import { type JobRun, runsOf } from '../../workspace/runs.ts'
import type { Workspace } from '../../workspace/workspace.ts'

export interface JobStatus {
  readonly job: Job
  /** When the schedule last started it, ISO 8601. */
  readonly started: string | undefined
  /** The newest recorded run, whoever started it. */
  readonly last: JobRun | undefined
  readonly isDue: boolean
  readonly isOverdue: boolean
}

export interface ScheduleStatus {
  readonly installed: InstalledSchedule | null
  readonly jobs: readonly JobStatus[]
}

export async function scheduleStatus(workspace: Workspace): Promise<ScheduleStatus> {
  const installed = await installedSchedule(workspace).read()
  const jobs: JobStatus[] = []
  for (const [job, when] of workspace.config.schedule) {
    const started = await lastScheduled(workspace, job).read()
    const sinceMs = started || (installed?.installedMs ?? 0)
    const nowMs = workspace.invocation.nowMs()
    jobs.push({
      job,
      started: started === 0 ? undefined : new Date(started).toISOString(),
      last: (await runsOf(workspace, job)).at(-1),
      isDue: isDue(when, nowMs, { sinceMs, hasRun: started > 0 }),
      isOverdue: installed !== null && nowMs - sinceMs > overdueMs(when),
    })
  }
  return { installed, jobs }
}

/** The jobs that are due now, in the order in which they run. */
export async function dueJobs(workspace: Workspace): Promise<readonly Job[]> {
  const nowMs = workspace.invocation.nowMs()
  const { installed, jobs } = await scheduleStatus(workspace)
  return jobs
    .filter(({ job, started }) => {
      const when = workspace.config.schedule.get(job)
      if (when === undefined) return false
      const sinceMs = started === undefined ? (installed?.installedMs ?? nowMs) : Date.parse(started)
      return isDue(when, nowMs, { sinceMs, hasRun: started !== undefined })
    })
    .map(({ job }) => job)
}
