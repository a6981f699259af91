/** `tandem down`: before the databases are stopped, everything is backed up, carried and mirrored, as far as it is configured. */
import type { Job } from '../config/schedule.ts'
import type { JobOutcome, JobStart } from '../schedule/run-job.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { runScheduled } from './schedule/run-scheduled.ts'

/** In this order: the backup first, since nothing that follows can spoil it. */
const STEPS: readonly (readonly [job: Job, needs: string | undefined])[] = [
  ['backup', 'backup'],
  ['sync', undefined],
  ['mirror', 'mirror'],
]

/** Runs each step, whatever became of the one before. */
export async function down(workspace: Workspace, start: JobStart): Promise<readonly JobOutcome[]> {
  const outcomes: JobOutcome[] = []
  for (const job of downJobs(workspace)) outcomes.push(...(await runScheduled(workspace, job, start)))
  return outcomes
}

/** What will run. */
export function downJobs({ config }: Workspace): readonly Job[] {
  return STEPS.filter(([, needs]) => needs === undefined || config.words.includes(needs)).map(([job]) => job)
}
