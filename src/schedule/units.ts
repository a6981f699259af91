/** What the system's own schedulers need to start our jobs: texts only, one file beside this one for each scheduler. Everything in them is absolute, since their PATH is not the user's. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Job, ScheduleConfig } from '../config/schedule.ts'

/** What all units are made of. */
export interface UnitsInput {
  /** Root of the clone. */
  readonly root: string
  readonly jobs: ScheduleConfig
  /** Path of Node and of the program. */
  readonly program: readonly string[]
  /** The PATH in which the programs that jobs need are found: git, pg_dump, ssh. */
  readonly searchPath: string
}

/** A file for a scheduler. */
export interface Unit {
  readonly name: string
  readonly content: string
}

/** How long a job may take before it is ended. */
export const LIMIT_MS: Readonly<Record<Job, number>> = {
  sync: 30 * 60_000,
  mirror: 2 * 3_600_000,
  backup: 6 * 3_600_000,
  prune: 3_600_000,
  copy: 6 * 3_600_000,
  drill: 6 * 3_600_000,
  health: 10 * 60_000,
}

/** `tandem-app-1a2b3c`: tells the units of one clone from those of others. */
export function unitsName(root: string): string {
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 6)
  return `tandem-${path.basename(root).replace(/[^A-Za-z0-9_-]/g, '-')}-${hash}`
}

/** The words that run a job; without a job, everything that is due. */
export function wordsOf({ program, root }: UnitsInput, job?: Job): readonly string[] {
  return [...program, '-C', root, 'schedule', 'run', ...(job === undefined ? [] : [job]), '--quiet']
}

/** Minutes between two looks at what is due, for schedulers that do not catch up on what they missed. */
export const TICK_MINUTES = 5
