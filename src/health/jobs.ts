/** What the records of runs say: failed, too long ago, or so short or small against the others that something must be missing. Pure; the caller reads the records. */
import { sizeWords } from '../model/duration.ts'
import { age } from '../report/age.ts'
import type { JobRun } from '../workspace/runs.ts'
import { type HealthCheck, alarm, lookAt, well } from './check.ts'

/** A job and what its records have to say. */
export interface JudgedJob {
  readonly name: string
  readonly runs: readonly JobRun[]
  /** The newest run that ended well may be so old; undefined: any age. */
  readonly mostMs: number | undefined
  /** The command that runs it now. */
  readonly command: string
}

/** Exit codes of a run that did its work: done, or done and found something. */
export function endedWell({ exitCode }: JobRun): boolean {
  return exitCode === 0 || exitCode === 1
}

/** Milliseconds since the newest run that ended well; undefined when none did. */
export function sinceLastGood(runs: readonly JobRun[], nowMs: number): number | undefined {
  const last = runs.findLast(endedWell)
  return last === undefined ? undefined : Math.max(0, nowMs - Date.parse(last.ended))
}

/** The check of a job. */
export function checkJob({ name, runs, mostMs, command }: JudgedJob, nowMs: number): HealthCheck {
  const check = `job: ${name}`
  const last = runs.at(-1)
  const since = sinceLastGood(runs, nowMs)
  if (last === undefined) {
    if (mostMs === undefined) return well(check, 'has not run here')
    return alarm(check, 'has never run here', `Run: ${command}`)
  }
  const good = since === undefined ? 'never ended well' : `last ended well ${ago(since)}`
  if (!endedWell(last)) return alarm(check, `failed ${agoOf(last, nowMs)}: ${last.message}; ${good}`, `Run: ${command}`)
  if (mostMs !== undefined && (since ?? Number.POSITIVE_INFINITY) > mostMs)
    return alarm(check, `${good}; that should be within ${age(mostMs)}`, `Run: ${command}`)
  const odd = oddity(runs)
  if (odd !== undefined) return lookAt(check, `${good}, but ${odd}`, `Look at it: tandem logs --job ${name}`)
  if (last.exitCode === 1) return lookAt(check, `${good} and found something: ${last.message}`, `Run: ${command}`)
  return well(check, good)
}

/** `just now`, `3 hours ago`. */
export function ago(ms: number): string {
  const words = age(ms)
  return words === 'just now' ? words : `${words} ago`
}

function agoOf(run: JobRun, nowMs: number): string {
  return ago(Math.max(0, nowMs - Date.parse(run.ended)))
}

/** So many earlier runs are compared, and so many there must be. */
const COMPARED = 20

const LEAST = 5

/** Runs shorter than this are too short to be told apart. */
const LONG_MS = 10_000

/** In words, in what the newest run is under half of the median of those before it; undefined when in nothing. */
function oddity(runs: readonly JobRun[]): string | undefined {
  const last = runs.at(-1) as JobRun
  const before = runs.slice(0, -1).filter(endedWell).slice(-COMPARED)
  if (before.length < LEAST) return undefined
  const usual = median(before.map(durationOf))
  if (usual >= LONG_MS && durationOf(last) < usual / 4)
    return `it took ${seconds(durationOf(last))}, where ${seconds(usual)} is usual`
  for (const [figure, value] of Object.entries(last.figures)) {
    if (!/^(sizeBytes|records|archiveBytes)$/.test(figure)) continue
    const typical = median(before.flatMap(({ figures }) => figures[figure] ?? []))
    const words = (count: number): string =>
      figure.endsWith('Bytes') ? sizeWords(count) : `${Math.round(count)} ${figure}`
    if (value < typical / 2) return `it has ${words(value)}, where ${words(typical)} is usual`
  }
  return undefined
}

function durationOf({ started, ended }: JobRun): number {
  return Date.parse(ended) - Date.parse(started)
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
