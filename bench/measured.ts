/** What a benchmark is told and what it answers, and how it is taken: the median of several runs, each beside a run of its baseline. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { EngineName } from './engines/engine.ts'
import type { Run } from './run-program.ts'
import type { Workbench } from './workbench.ts'

export interface Measured {
  /** seconds ÷ baselineSeconds */
  readonly ratio: number
  readonly seconds: number
  readonly baselineSeconds: number
  /** Processor time of both, without that of a database server. */
  readonly cpuSeconds: number
  readonly baselineCpuSeconds: number
  /** Records that the measured work had to deal with: those of the table where it is read whole, else those that were changed. */
  readonly recordsPerSecond: number
  /** Largest resident set of one process of the program. */
  readonly peakMemoryMiB: number
  /** Lines for people: what was measured against what. */
  readonly notes: readonly string[]
}

/** A benchmark that does not apply, and why. */
export interface Skipped {
  readonly skipped: string
}

export interface BenchmarkOptions {
  readonly rows?: number
  /** How often each side is measured. */
  readonly runs: number
  readonly engine: EngineName
  /** `incremental` also deletes. */
  readonly deletes: boolean
}

export type Benchmark = (options: BenchmarkOptions, workbench: Workbench) => Promise<Measured | Skipped>

/** Rows of the table where the command line names no number. */
export const DEFAULT_ROWS = 1_000_000

/** Both sides of a benchmark. They take turns, so that what else the machine does meanwhile falls on both. */
export interface Comparison {
  readonly runs: number
  /** Makes the state that a run starts from, outside the clock. */
  readonly before?: (run: number) => Promise<void>
  readonly work: (run: number) => Promise<Run>
  /** Looks whether the work was done: a hook that does nothing is fast, too. */
  readonly after?: (run: number) => Promise<void>
  readonly baseline: (run: number) => Promise<Run>
}

/** Medians of the seconds, the largest of the memory. @param records those of one run */
export async function compare(records: number, comparison: Comparison): Promise<Omit<Measured, 'notes'>> {
  const { runs, before, work, after, baseline } = comparison
  const measured: Run[] = []
  const baselines: Run[] = []
  for (let i = 0; i < runs; i++) {
    await before?.(i)
    measured.push(await work(i))
    await after?.(i)
    baselines.push(await baseline(i))
  }
  return comparisonOf(records, measured, baselines)
}

/** The same of runs that were made already. */
export function comparisonOf(
  records: number,
  measured: readonly Run[],
  baselines: readonly Run[],
): Omit<Measured, 'notes'> {
  const seconds = middle(measured.map((run) => run.seconds))
  const baselineSeconds = middle(baselines.map((run) => run.seconds))
  return {
    ratio: seconds / baselineSeconds,
    seconds,
    baselineSeconds,
    cpuSeconds: middle(measured.map((run) => run.cpuSeconds)),
    baselineCpuSeconds: middle(baselines.map((run) => run.cpuSeconds)),
    recordsPerSecond: records / seconds,
    peakMemoryMiB: Math.max(...measured.map((run) => run.peakMemoryMiB)),
  }
}

/** What work done in this process costs. The memory is the most that this process held meanwhile. */
export async function timed(work: () => unknown): Promise<Run> {
  forgetPeak()
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMemoryMiB: peakMemoryMiB(), text: '' }
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number
}

/** Peak resident memory of this process. */
function peakMemoryMiB(): number {
  const kibibytes = /VmHWM:\s+(\d+)/.exec(textOf('/proc/self/status'))?.[1]
  return (kibibytes === undefined ? process.resourceUsage().maxRSS : Number(kibibytes)) / 1024
}

/** The peak begins anew (proc(5), clear_refs); where there is no /proc it is that of the whole life of the process. */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {}
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
