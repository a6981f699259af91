/** What a benchmark answers, and how one is taken: the median of several runs. */

export interface Measured {
  /** seconds ÷ baselineSeconds */
  readonly ratio: number
  readonly seconds: number
  readonly baselineSeconds: number
  readonly recordsPerSecond: number
  readonly peakMemoryMiB: number
  /** Lines for people: what was measured against what. */
  readonly notes: readonly string[]
}

export interface BenchmarkOptions {
  readonly rows?: number
}

export type Benchmark = (options: BenchmarkOptions) => Promise<Measured>

/** Median seconds of `runs` runs. */
export async function median(runs: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await work()
    times.push((performance.now() - start) / 1000)
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] as number
}

/** Peak resident memory of this process. */
export function peakMemoryMiB(): number {
  return process.resourceUsage().maxRSS / 1024
}
