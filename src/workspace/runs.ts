/**
 * A record of every run of a job (mirror, backup, sync, health …) in this clone, whoever started it: a hook, a schedule or a person. Health judges by these records, so that a
 * job that fails or no longer runs is noticed even where nobody reads its output. One file a job, one JSON line a run, the newest last.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import type { Workspace } from './workspace.ts'

/** One run of a job, as it ended. */
export interface JobRun {
  /** What started it: `schedule`, `hook`, `user`, `sync` … */
  readonly trigger: string
  /** ISO 8601, UTC. */
  readonly started: string
  readonly ended: string
  /** The exit code of the contract: 0 done, 1 done and found something, above: failed. */
  readonly exitCode: number
  /** One line for people: what was done, or why it failed. Never a secret. */
  readonly message: string
  /** What was counted, with the unit in the name: `{ files: 12, sizeBytes: 4096 }`. */
  readonly figures: Readonly<Record<string, number>>
}

/** So many runs of a job are kept; twice as many before the file is cut. A run every five minutes fills it in about three days and a half. */
const KEPT = 1_000

const LONGEST_BYTES = KEPT * 2 * 300

/** Appends a run to the record of its job. A job's name is letters, digits and hyphens. */
export async function recordRun({ dataDir }: Pick<Workspace, 'dataDir'>, job: string, run: JobRun): Promise<void> {
  const file = runsFile(dataDir, job)
  await mkdir(path.dirname(file), { recursive: true })
  const line = `${JSON.stringify(run)}\n`
  await appendFile(file, line)
  const text = await readFile(file, 'utf8')
  if (text.length <= LONGEST_BYTES) return
  const newest = text.split('\n').slice(-KEPT - 1)
  await writeAtomically(file, newest.join('\n'))
}

/** The recorded runs of a job, the oldest first; empty when it never ran here. A line that a crash cut short is left out. */
export async function runsOf({ dataDir }: Pick<Workspace, 'dataDir'>, job: string): Promise<readonly JobRun[]> {
  const text = await readFile(runsFile(dataDir, job), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JobRun]
    } catch {
      return []
    }
  })
}

function runsFile(dataDir: string, job: string): string {
  return path.join(dataDir, 'runs', `${job}.jsonl`)
}
