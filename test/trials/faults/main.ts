/** `npm run faults`: faults at the write points of the operations, on SQLite or PostgreSQL; prints what is wrong and ends with 1 then. */
import { removeTemplates } from '../../support/two-assets.ts'
import { readOptions, type Values, WHOLE } from '../options.ts'
import { ENGINES, postgresServer } from '../server.ts'
import { FAULTS, faultsAt, spread, type Fault } from './fault.ts'
import { OPERATIONS, type Operation } from './operations.ts'
import { injectAll } from './run.ts'
import { databases, files, type Shelf } from './shelf.ts'
import { courseOf, type Course, type Trial } from './trial.ts'

const OPTIONS = {
  operation: { value: 'NAME', words: 'only this one', among: OPERATIONS.map(({ name }) => name), many: true },
  kind: { value: 'KIND', words: 'only faults of this kind', among: FAULTS, many: true },
  points: {
    value: 'all|N',
    words: 'all faults, or so many of each operation, spread evenly',
    default: 'all',
    form: /^(all|\d+)$/,
  },
  at: { value: 'POINT', words: 'only the faults at this point, counted from 1', form: WHOLE },
  engine: { value: 'NAME', words: 'the databases', among: ENGINES, default: 'sqlite' },
  only: { value: 'TEXT', words: 'only points that begin with it: file, sql, socket …', default: '' },
  list: { words: 'print the points in order, inject nothing' },
} as const

type Wanted = Values<typeof OPTIONS>

const wanted = readOptions('faults', OPTIONS)
if (wanted !== undefined) await run(wanted)

async function run(values: Wanted): Promise<void> {
  const { next, stop } = await shelves(values)
  let wrong = 0
  try {
    for (const operation of OPERATIONS.filter(({ name }) => values.operation?.includes(name) ?? true))
      wrong += await runOperation(operation, next(), values)
  } finally {
    await removeTemplates()
    await stop()
  }
  process.exitCode = wrong > 0 ? 1 : 0
}

async function shelves({
  engine,
}: Wanted): Promise<{ readonly next: () => Shelf; readonly stop: () => Promise<void> }> {
  if (engine === 'sqlite') return { next: () => files, stop: async () => undefined }
  const { server, stop } = await postgresServer()
  return { next: () => databases(server), stop }
}

/** Answers how many trials went wrong. */
async function runOperation(operation: Operation, shelf: Shelf, values: Wanted): Promise<number> {
  const course = await courseOf(operation, shelf)
  if (values.list) for (const [i, point] of course.points.entries()) console.log(`${i + 1} ${point}`)
  const start = performance.now()
  const trials = values.list ? [] : await injectAll(course, faultsFor(course, values), report)
  const bad = trials.filter(({ problems }) => problems.length > 0)
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  const reached = trials.filter(({ point }) => point !== undefined).length
  console.log(
    `${operation.name}: ${course.points.length} points, ${trials.length} faults, ${reached} reached, ${bad.length} wrong, ${seconds} s`,
  )
  await course.template.close()
  await shelf.close()
  return bad.length
}

/** Faults of the wanted kinds at all points that they concern, or at so many of them, spread evenly. */
function faultsFor({ points }: Course, values: Wanted): Fault[] {
  const kinds = FAULTS.filter((kind) => values.kind?.includes(kind) ?? true)
  const all = faultsAt(points, kinds).filter(({ at }) => (points[at - 1] as string).startsWith(values.only))
  if (values.at !== undefined) return all.filter(({ at }) => at === Number(values.at))
  return values.points === 'all' ? all : spread(all, Number(values.points))
}

function report({ operation, fault, point, problems }: Trial): void {
  if (problems.length === 0) return
  console.log(`WRONG ${operation}: ${fault.kind} at point ${fault.at} (${point ?? 'not reached'})`)
  for (const problem of problems) console.log(`  ${problem.replaceAll('\n', '\n  ')}`)
}
