/** What `tandem init` costs on a machine whose tables are empty, so that all records come out of the exports. Baseline: the engine's own way to fill a table. */
import { openRemote, type Machine, type Remote } from './machines.ts'
import { compare, DEFAULT_ROWS, type BenchmarkOptions, type Measured } from './measured.ts'
import type { Workbench } from './workbench.ts'

export async function join(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows = DEFAULT_ROWS, runs } = options
  const perRow: string[] = []
  for (let fewer = 10_000; fewer < rows; fewer *= 10) {
    const { seconds } = await joinOf(fewer, { ...options, runs: 1 }, workbench)
    perRow.push(microsecondsPerRow(seconds, fewer))
  }
  const { load, ...measured } = await joinOf(rows, { ...options, runs }, workbench)
  perRow.push(microsecondsPerRow(measured.seconds, rows))
  return {
    ...measured,
    notes: [`${rows} records into an empty table; baseline: ${load}`, `per record: ${perRow.join(', ')}`],
  }
}

async function joinOf(
  rows: number,
  options: BenchmarkOptions,
  workbench: Workbench,
): Promise<Omit<Measured, 'notes'> & { readonly load: string }> {
  const remote = await openRemote(options, workbench)
  const first = await exported(remote, rows)
  let machine: Machine
  const measured = await compare(rows, {
    runs: options.runs,
    before: async () => {
      machine = await remote.clone()
    },
    work: () => machine.tandem('init', '--yes'),
    after: async () => {
      const joined = await machine.database.count()
      if (joined !== rows) throw new Error(`${joined} of ${rows} records joined`)
    },
    baseline: () => remote.engine.load.run(first.database),
  })
  return { ...measured, load: remote.engine.load.words }
}

async function exported(remote: Remote, rows: number): Promise<Machine> {
  const machine = await remote.clone()
  await machine.database.fill(rows)
  await machine.tandem('init', '--yes')
  await machine.git('push', '-q')
  return machine
}

function microsecondsPerRow(seconds: number, rows: number): string {
  return `${((seconds / rows) * 1e6).toFixed(0)} µs of ${rows}`
}
