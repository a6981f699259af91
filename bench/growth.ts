/** How git grows over many pushes of 300 changes each: the size of the remote per push, as it was received and as git packs it, and the loose objects in the clone. */
import { openRemote, type Machine } from './machines.ts'
import { comparisonOf, DEFAULT_ROWS, type BenchmarkOptions, type Measured } from './measured.ts'
import { spreadIds } from './rows.ts'
import { runProgram, type Run } from './run-program.ts'
import type { Workbench } from './workbench.ts'

const CHANGED = 300

/** 100 pushes of a million records; fewer of a smaller table, which has few files to change. */
function pushesFor(rows: number): number {
  return Math.min(100, Math.max(5, Math.round(rows / 10_000)))
}

export async function growth(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows = DEFAULT_ROWS } = options
  const pushes = pushesFor(rows)
  const remote = await openRemote(options, workbench)
  const machine = await remote.clone()
  await machine.database.fill(rows)
  await machine.tandem('init', '--yes')
  await machine.git('push', '-q')
  const before = await objectsOf(remote.folder, machine)
  const runs: Run[] = []
  for (let push = 1; push <= pushes; push++) {
    await machine.database.change(spreadIds(rows, CHANGED, 7 * push), push)
    runs.push(await machine.git('push', '-q'))
  }
  const received = await objectsOf(remote.folder, machine)
  const own = await objectsOf(machine.root, machine)
  await runProgram('git', ['-C', remote.folder, 'gc', '-q'], { environment: machine.environment })
  const packed = await objectsOf(remote.folder, machine)
  const perPush = (sizeKiB: number): string => `${((sizeKiB - before.sizeKiB) / pushes).toFixed(0)} KiB a push`
  return {
    ...comparisonOf(CHANGED, runs, [await remote.engine.read.run(machine.database)]),
    notes: [
      `${pushes} pushes of ${CHANGED} changes to ${rows} records, the median of them; baseline: ${remote.engine.read.words}`,
      `the remote: ${before.sizeKiB} KiB at first, then ${perPush(received.sizeKiB)} as received; ${packed.sizeKiB} KiB in all after git gc`,
      `the clone: ${own.loose} loose objects, ${own.packs} packs`,
    ],
  }
}

interface Objects {
  readonly loose: number
  readonly packs: number
  /** Packed and loose. */
  readonly sizeKiB: number
}

async function objectsOf(folder: string, { environment }: Machine): Promise<Objects> {
  const { text } = await runProgram('git', ['-C', folder, 'count-objects', '-v'], { environment })
  const number = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1])
  return { loose: number('count'), packs: number('packs'), sizeKiB: number('size') + number('size-pack') }
}
