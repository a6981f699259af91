/** What it costs to merge three files of N sorted records, 1 % of them changed on each side, a tenth of those on both. Baseline: diff3, which knows lines and no records. */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { headerOf } from '../src/format/header.ts'
import { recordsFileText } from '../src/format/records-file.ts'
import type { KeyText, RecordText } from '../src/model/canonical.ts'
import type { CollectionSchema } from '../src/model/collection.ts'
import { TABLE } from './engines/engine.ts'
import { PROGRAM } from './machines.ts'
import { compare, DEFAULT_ROWS, type BenchmarkOptions, type Measured, type Skipped } from './measured.ts'
import { rowAt, timeOfMark } from './rows.ts'
import { runProgram } from './run-program.ts'
import type { Workbench } from './workbench.ts'

const SIDES = ['base', 'ours', 'theirs'] as const

/** Every so many records one is changed: on our side, on theirs, and both where the two meet. */
const OURS = 100
const BOTH = 1000

/** Conflicts are an answer of the two baselines: diff3 says 1, git how many there are. */
const ANSWERS = Array.from({ length: 127 }, (_, i) => i + 1)

export async function mergeFile(options: BenchmarkOptions, workbench: Workbench): Promise<Measured | Skipped> {
  const { rows = DEFAULT_ROWS } = options
  const cwd = workbench.newPath('merge')
  await mkdir(cwd)
  for (const side of SIDES) await writeSide(path.join(cwd, `${side}.jsonl`), side, rows)
  const [base, ours, theirs] = SIDES.map((side) => `${side}.jsonl`) as [string, string, string]
  const baseline = { cwd, output: path.join(cwd, 'baseline'), answers: ANSWERS }
  const hasDiff3 = await runProgram('diff3', ['--version']).then(
    () => true,
    () => false,
  )
  if (!hasDiff3) return { skipped: 'no diff3 on the PATH' }
  const measured = await compare(rows, {
    runs: options.runs,
    work: () => runProgram(process.execPath, [PROGRAM, 'merge-file', base, ours, theirs, '-o', 'merged'], { cwd }),
    baseline: () => runProgram('diff3', ['-m', ours, base, theirs], baseline),
  })
  const git = await runProgram('git', ['merge-file', '-p', ours, base, theirs], baseline)
  const notes = [
    `3 × ${rows} records, 1 % changed on each side; baseline: diff3 -m`,
    `git merge-file takes ${git.seconds.toFixed(3)} s`,
  ]
  return { ...measured, notes }
}

const schema: CollectionSchema = {
  name: TABLE,
  fields: ['id', 'note', 'profit_usd', 'ts', 'username'].map((name) => ({ name, type: 'text' })),
  key: ['id'],
  uniques: [],
  references: [],
  order: 'sorted',
}

async function writeSide(file: string, side: (typeof SIDES)[number], rows: number): Promise<void> {
  const header = headerOf({ source: 'app', schema, layout: { kind: 'single' } }, 'records')
  const records = new Map<KeyText, RecordText>()
  for (let id = 1; id <= rows; id++) records.set(`[${id}]`, recordOf(id, side))
  const stream = createWriteStream(file)
  stream.end(recordsFileText(header, records))
  await once(stream, 'close')
}

function recordOf(id: number, side: (typeof SIDES)[number]): RecordText {
  const { note, profit_usd, ts, username } = rowAt(id)
  const changed = id % BOTH === 0 ? side !== 'base' : id % OURS === (side === 'ours' ? 0 : side === 'theirs' ? 1 : -1)
  const [profit, time] = changed ? [`${side.length}.25`, timeOfMark(side.length)] : [profit_usd, ts]
  const words = JSON.stringify(note ?? 'a record without a note of its own, so that lines are about equally long')
  return `{"id":${id},"note":${words},"profit_usd":"${profit}","ts":"${time.toISOString()}","username":"${username}"}`
}
