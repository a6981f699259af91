/** What `tandem schedule install` put into the system, so that health can tell whether it is still there, and when each job last ran by it. */
import type { Job } from '../config/schedule.ts'
import { type Memory, memory } from './memory.ts'
import type { Workspace } from './workspace.ts'

/** The schedulers that start jobs. */
export type SchedulerKind = 'systemd' | 'cron' | 'launchd' | 'windows' | 'synology'

export interface InstalledSchedule {
  readonly kind: SchedulerKind
  /** Milliseconds since 1970. */
  readonly installedMs: number
  readonly jobs: readonly Job[]
  /** Path of Node and of the program, as the units have them. */
  readonly program: readonly string[]
  /** The files that were written. */
  readonly files: readonly string[]
}

/** The installed schedule; undefined when there is none. */
export function installedSchedule(workspace: Pick<Workspace, 'dataDir'>): Memory<InstalledSchedule | null> {
  return memory<InstalledSchedule | null>(workspace, 'schedule/installed.json', null)
}

/** When the schedule last started a job, in milliseconds since 1970; 0: never. A file for each job, since jobs run beside each other. */
export function lastScheduled(workspace: Pick<Workspace, 'dataDir'>, job: Job): Memory<number> {
  return memory(workspace, `schedule/${job}.json`, 0)
}
