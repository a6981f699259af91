/** The word `schedule` of a configuration: which jobs run when. docs/schedule.md describes it. */
import { type When, parseWhen } from './when.ts'

/** Every job that may be scheduled, in the order in which those that are due together run. */
export const JOBS = ['sync', 'mirror', 'backup', 'prune', 'copy', 'drill', 'health'] as const

export type Job = (typeof JOBS)[number]

/** As it is written. */
export type ScheduleOptions = Readonly<Partial<Record<Job, string | false>>>

/** Only the jobs that run. */
export type ScheduleConfig = ReadonlyMap<Job, When>

/** When a job runs unless the configuration says otherwise. */
const USUAL: Readonly<Record<Job, string>> = {
  sync: '5m',
  mirror: '5m',
  backup: '02:00',
  prune: '03:00',
  copy: '03:30',
  drill: '1st 04:00',
  health: '1h',
}

/** The words of the configuration that a job needs to be there by itself. */
const NEEDS: Readonly<Partial<Record<Job, string>>> = {
  mirror: 'mirror',
  backup: 'backup',
  prune: 'backup',
  copy: 'backup',
  drill: 'backup',
}

/**
 * The schedule with its defaults. Jobs of the mirror and of backups run by themselves only where those are configured.
 * @param top the options at the top of the configuration
 */
export function resolveSchedule(options: ScheduleOptions, top: object): ScheduleConfig {
  const jobs = JOBS.flatMap((job): [Job, When][] => {
    const need = NEEDS[job]
    const usual = need === undefined || Object.hasOwn(top, need) ? USUAL[job] : false
    const text = options[job] ?? usual
    const when = text === false ? undefined : parseWhen(text)
    return when === undefined ? [] : [[job, when]]
  })
  return new Map(jobs)
}
