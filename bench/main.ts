/**
 * `npm run bench -- NAME… [--rows N] [--runs N] [--engine NAME] [--deletes] [--profile FOLDER] [--json]`: measures one path against a baseline in the same run. Run by hand, never in tests: machines
 * are noisy, only the ratio counts. docs/performance.md tells what each name measures.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { apply } from './apply.ts'
import { ENGINE_NAMES, type EngineName } from './engines/engine.ts'
import { exportCommit, exportFiles, exportInMemory, mongoExport } from './full-export.ts'
import { growth } from './growth.ts'
import { history } from './history.ts'
import { join } from './join.ts'
import { mergeFile } from './merge-file.ts'
import type { Benchmark, BenchmarkOptions, Measured, Skipped } from './measured.ts'
import { mirrorCopy, mirrorIdle } from './mirror.ts'
import { mergeBothChanged, pull } from './pull.ts'
import { incremental, pushBulk, pushIdle } from './push.ts'
import { hookIdle, hookStub, startup } from './process-start.ts'
import { profileInto } from './run-program.ts'
import { openWorkbench, type Workbench } from './workbench.ts'

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'push-idle': pushIdle,
  incremental,
  'push-bulk': pushBulk,
  pull,
  'merge-both-changed': mergeBothChanged,
  export: exportInMemory,
  'export-files': exportFiles,
  'export-commit': exportCommit,
  'mongo-export': mongoExport,
  join,
  apply,
  merge: mergeFile,
  history,
  growth,
  'hook-stub': hookStub,
  'hook-idle': hookIdle,
  startup,
  'mirror-idle': mirrorIdle,
  'mirror-copy': mirrorCopy,
}

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string' },
    runs: { type: 'string', default: '3' },
    engine: { type: 'string', default: 'postgres' },
    deletes: { type: 'boolean', default: false },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const options: BenchmarkOptions = {
  ...(values.rows !== undefined && { rows: Number(values.rows) }),
  runs: Number(values.runs),
  engine: values.engine as EngineName,
  deletes: values.deletes,
}
const numbers = [options.rows ?? 1, options.runs]
const isUsable =
  names.length > 0 &&
  names.every((name) => Object.hasOwn(BENCHMARKS, name)) &&
  ENGINE_NAMES.includes(options.engine) &&
  numbers.every((number) => Number.isInteger(number) && number > 0)
if (isUsable) await run()
else {
  console.error(
    `npm run bench -- NAME… [--rows N] [--runs N] [--engine ${ENGINE_NAMES.join('|')}] [--deletes] [--profile FOLDER] [--json]`,
  )
  console.error(`names: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exitCode = 2
}

async function run(): Promise<void> {
  const workbench = await openWorkbench()
  if (values.profile !== undefined) {
    await mkdir(values.profile, { recursive: true })
    profileInto(path.resolve(values.profile))
  }
  // on, not once: a terminal sends it to everybody, and npm hands it on besides
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void interrupted(workbench))
  try {
    for (const name of names) print(name, await (BENCHMARKS[name] as Benchmark)(options, workbench))
  } finally {
    await workbench.close()
  }
}

/** What is in the middle of its work fails when its servers and programs end; that is nobody's concern any more. */
async function interrupted(workbench: Workbench): Promise<void> {
  process.on('uncaughtException', () => {})
  await workbench.close()
  process.exit(130)
}

function print(name: string, measured: Measured | Skipped): void {
  if (values.json) console.log(JSON.stringify({ name, ...measured }))
  else if ('skipped' in measured) console.log(`${name}: not measured: ${measured.skipped}`)
  else for (const line of linesOf(name, measured)) console.log(line)
}

function linesOf(name: string, measured: Measured): string[] {
  const { ratio, seconds, baselineSeconds, recordsPerSecond, peakMemoryMiB, notes } = measured
  const cpu = [measured.cpuSeconds, measured.baselineCpuSeconds].map((spent) => spent.toFixed(2))
  return [
    `${name}: ${seconds.toFixed(3)} s, baseline ${baselineSeconds.toFixed(3)} s, ratio ${ratio.toFixed(2)}`,
    `processor ${cpu[0]} s, baseline ${cpu[1]} s`,
    `${Math.round(recordsPerSecond)} records/s, peak memory ${Math.round(peakMemoryMiB)} MiB`,
    ...notes,
  ]
}
