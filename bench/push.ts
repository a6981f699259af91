/** What a `git push` costs: with nothing to carry, with 200 changed records, and with 20,000 that lie in all files. The remote is a folder. */
import { spreadIds } from './rows.ts'
import { filesChanged, twoMachines, type Machine, type TwoMachines } from './machines.ts'
import { compare, type BenchmarkOptions, type Measured } from './measured.ts'
import type { Workbench } from './workbench.ts'

const CHANGED = 200
const DELETED = 20
const BULK = 20_000

/** Somebody's code is pushed, the database is as it was. Baseline: all rows read. */
export async function pushIdle(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows, engine, a } = await twoMachines(options, workbench)
  await inStep(a)
  await commitCode(a)
  const gits = await a.countGits('push', '-q')
  const measured = await compare(rows, {
    runs: options.runs,
    before: () => commitCode(a),
    work: () => a.git('push', '-q'),
    baseline: () => engine.read.run(a.database),
  })
  await commitCode(a)
  const plain = await a.git('push', '-q', '--no-verify')
  return {
    ...measured,
    notes: [
      `${rows} records, nothing changed in the database; baseline: ${engine.read.words}`,
      `${gits} git processes; without hooks the push takes ${Math.round(plain.seconds * 1000)} ms`,
    ],
  }
}

/** 200 records changed, with `--deletes` 20 more deleted. Baseline: all rows read. */
export async function incremental(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const machines = await twoMachines(options, workbench)
  const { rows, engine, a } = machines
  await inStep(a)
  const edit = editor(machines, options.deletes)
  const mark = await edit(0)
  const gits = await a.countGits('push', '-q')
  const files = await filesChanged(a)
  const measured = await compare(CHANGED, {
    runs: options.runs,
    before: async (run) => void (await edit(run + 1)),
    work: () => a.git('push', '-q'),
    after: () => pushed(a),
    baseline: () => engine.read.run(a.database),
  })
  const deleted = options.deletes ? `, ${DELETED} deleted` : ''
  return {
    ...measured,
    notes: [
      `${rows} records, ${await a.database.count(mark)} changed${deleted}, in ${files} files; baseline: ${engine.read.words}`,
      `${gits} git processes`,
    ],
  }
}

/** 20,000 records changed, in all files. Baseline: a dump. */
export async function pushBulk(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows, engine, a, nextMark } = await twoMachines(options, workbench)
  await inStep(a)
  const changed = spreadIds(rows, BULK)
  let files = 0
  const measured = await compare(changed.length, {
    runs: options.runs,
    before: () => a.database.change(changed, nextMark()),
    work: () => a.git('push', '-q'),
    after: async () => {
      await pushed(a)
      files = await filesChanged(a)
    },
    baseline: () => engine.dump.run(a.database),
  })
  return {
    ...measured,
    notes: [`${rows} records, ${changed.length} changed, in ${files} files; baseline: ${engine.dump.words}`],
  }
}

/** Changes 200 records, others in each run, and answers the mark they have. */
function editor({ rows, a, nextMark }: TwoMachines, deletes: boolean): (run: number) => Promise<number> {
  return async (run) => {
    const mark = nextMark()
    await a.database.change(spreadIds(rows, CHANGED, 3 * mark), mark)
    // 3 * mark + 1: none that this run changes, and none that an earlier one deleted
    if (deletes) await a.database.remove(spreadIds(rows, DELETED, 3 * mark + 1 + run))
    return mark
  }
}

/** Carries what another benchmark of the same command left. */
export async function inStep(machine: Machine): Promise<void> {
  await machine.git('pull', '-q')
  await machine.git('push', '-q')
}

/** @throws Error when HEAD is no data commit, or is not at the remote */
async function pushed(machine: Machine): Promise<void> {
  await machine.git('fetch', '-q')
  const { text } = await machine.git('rev-parse', 'HEAD', 'origin/main')
  const [head, remote] = text.split('\n')
  if (head !== remote || (await filesChanged(machine)) === 0) throw new Error('the push carried no data')
}

async function commitCode(machine: Machine): Promise<void> {
  await machine.git('commit', '-q', '--allow-empty', '-m', 'code')
}
