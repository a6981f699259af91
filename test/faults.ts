/** `npm run faults -- [--operation NAME] [--kind KIND] [--engine sqlite|postgres] [--points all|N]`: faults at the write points of the operations, on SQLite or PostgreSQL; prints what is wrong and ends with 1 then. */
import { parseArgs } from 'node:util'
import { FAULTS, faultsAt, spread, type Fault } from './support/faults/fault.ts'
import { OPERATIONS } from './support/faults/operations.ts'
import { databases, files, type Shelf } from './support/faults/shelf.ts'
import { courseOf, trial, type Course, type Trial } from './support/faults/trial.ts'
import { startInstalled } from './support/postgres-cluster.ts'
import { removeTemplates } from './support/two-assets.ts'

const { values } = parseArgs({
  options: {
    operation: { type: 'string', multiple: true },
    kind: { type: 'string', multiple: true },
    points: { type: 'string', default: 'all' },
    at: { type: 'string' },
    engine: { type: 'string', default: 'sqlite' },
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
  },
})

/** Faults of the wanted kinds at all points that they concern, or at so many of them, spread evenly. */
function faultsFor(course: Course): Fault[] {
  const kinds = FAULTS.filter((kind) => values.kind?.includes(kind) ?? true)
  const all = faultsAt(course.points, kinds).filter(({ at }) =>
    (course.points[at - 1] as string).startsWith(values.only),
  )
  if (values.at !== undefined) return all.filter(({ at }) => at === Number(values.at))
  return values.points === 'all' ? all : spread(all, Number(values.points))
}

async function injectAll(course: Course): Promise<Trial[]> {
  const faults = faultsFor(course)
  const trials: Trial[] = []
  const worker = async (): Promise<void> => {
    for (let fault = faults.shift(); fault !== undefined; fault = faults.shift()) {
      const done = await trial(course, fault)
      trials.push(done)
      if (done.problems.length > 0) report(done)
    }
  }
  await Promise.all(Array.from({ length: course.shelf.jobs }, worker))
  return trials
}

function report({ operation, fault, point, problems }: Trial): void {
  console.log(`WRONG ${operation}: ${fault.kind} at point ${fault.at} (${point ?? 'not reached'})`)
  for (const problem of problems) console.log(`  ${problem.replaceAll('\n', '\n  ')}`)
}

async function shelves(): Promise<{ readonly next: () => Shelf; readonly stop: () => Promise<void> }> {
  if (values.engine === 'sqlite') return { next: () => files, stop: async () => undefined }
  const server = await startInstalled()
  return { next: () => databases({ name: 'installed', ...server }), stop: () => server.stop() }
}

const { next, stop } = await shelves()
let wrong = 0
for (const operation of OPERATIONS.filter(({ name }) => values.operation?.includes(name) ?? true)) {
  const shelf = next()
  const course = await courseOf(operation, shelf)
  if (values.list) for (const [i, point] of course.points.entries()) console.log(`${i + 1} ${point}`)
  const start = performance.now()
  const trials = values.list ? [] : await injectAll(course)
  const bad = trials.filter(({ problems }) => problems.length > 0)
  wrong += bad.length
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  const reached = trials.filter(({ point }) => point !== undefined).length
  console.log(
    `${operation.name}: ${course.points.length} points, ${trials.length} faults, ${reached} reached, ${bad.length} wrong, ${seconds} s`,
  )
  await course.template.close()
  await shelf.close()
}
await removeTemplates()
await stop()
process.exitCode = wrong > 0 ? 1 : 0
