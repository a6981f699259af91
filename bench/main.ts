/** `npm run bench -- NAME [--rows N] [--json]`: measures one path against a baseline in the same run. Run by hand, never in tests: machines are noisy, only the ratio counts. */
import { parseArgs } from 'node:util'
import { history } from './history.ts'
import type { Benchmark, Measured } from './measured.ts'

const BENCHMARKS: Readonly<Record<string, Benchmark>> = { history }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string' }, json: { type: 'boolean', default: false } },
})
const name = positionals[0] ?? ''
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined
if (benchmark === undefined) {
  console.error(`npm run bench -- NAME [--rows N] [--json]; names: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exitCode = 2
} else {
  const measured = await benchmark(values.rows === undefined ? {} : { rows: Number(values.rows) })
  if (values.json) console.log(JSON.stringify({ name, ...measured }))
  else for (const line of linesOf(measured)) console.log(line)
}

function linesOf({ ratio, seconds, baselineSeconds, recordsPerSecond, peakMemoryMiB, notes }: Measured): string[] {
  return [
    `${name}: ${seconds.toFixed(3)} s, baseline ${baselineSeconds.toFixed(3)} s, ratio ${ratio.toFixed(2)}`,
    `${Math.round(recordsPerSecond)} records/s, peak memory ${Math.round(peakMemoryMiB)} MiB`,
    ...notes,
  ]
}
