/** What a `git pull` costs that brings 200 changed records into the database: a fast-forward, and a merge of 200 files that both sides changed. */
import { filesChanged, twoMachines } from './machines.ts'
import { compare, type BenchmarkOptions, type Measured } from './measured.ts'
import { inStep } from './push.ts'
import { spreadIds } from './rows.ts'
import type { Workbench } from './workbench.ts'

const CHANGED = 200

/** The other machine pushed 200 changes. Baseline: all rows read. */
export async function pull(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows, engine, a, b, nextMark } = await twoMachines(options, workbench)
  await inStep(a)
  await inStep(b)
  let mark = 0
  const edit = async (): Promise<void> => {
    mark = nextMark()
    await a.database.change(spreadIds(rows, CHANGED, 3 * mark), mark)
    await a.git('push', '-q')
  }
  await edit()
  const gits = await b.countGits('pull', '-q')
  const measured = await compare(CHANGED, {
    runs: options.runs,
    before: edit,
    work: () => b.git('pull', '-q'),
    after: async () => {
      if ((await b.database.count(mark)) < Math.min(CHANGED, rows)) throw new Error('the pull brought nothing')
    },
    baseline: () => engine.read.run(b.database),
  })
  const files = await filesChanged(b)
  return {
    ...measured,
    notes: [
      `${rows} records, ${CHANGED} of them in ${files} files from the other machine; baseline: ${engine.read.words}`,
      `${gits} git processes`,
    ],
  }
}

/** Both machines changed the same 200 records and committed that, so that git asks the merge driver for each file. Baseline: all rows read. */
export async function mergeBothChanged(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows, engine, a, b, nextMark } = await twoMachines(options, workbench)
  await inStep(a)
  await inStep(b)
  const changed = spreadIds(rows, CHANGED)
  let mark = 0
  const edit = async (): Promise<void> => {
    await b.database.change(changed, nextMark())
    await b.tandem('export', '--commit')
    mark = nextMark()
    await a.database.change(changed, mark)
    await a.git('push', '-q')
  }
  const settle = async (): Promise<void> => {
    if ((await b.database.count(mark)) < changed.length) throw new Error('the newer side did not win')
    await b.git('push', '-q')
    await a.git('pull', '-q')
  }
  await edit()
  const gits = await b.countGits('pull', '-q')
  const files = await filesChanged(b)
  await settle()
  const measured = await compare(changed.length, {
    runs: options.runs,
    before: edit,
    work: () => b.git('pull', '-q'),
    after: settle,
    baseline: () => engine.read.run(b.database),
  })
  return {
    ...measured,
    notes: [
      `${rows} records, ${changed.length} in ${files} files changed on both machines; baseline: ${engine.read.words}`,
      `${gits} git processes`,
    ],
  }
}
