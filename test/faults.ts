/** `npm run faults -- [--operation NAME] [--kind KIND] [--points all|N]`: faults at the write points of the operations, on SQLite; prints what is wrong and ends with 1 then. */
import { parseArgs } from 'node:util'
import { sqlite } from './support/live-sqlite.ts'
import { FAULTS, faultsAt, spread, type Fault } from './support/faults/fault.ts'
import { OPERATIONS } from './support/faults/operations.ts'
import { courseOf, trial, type Course, type Trial } from './support/faults/trial.ts'
import { removeTemplates } from './support/two-assets.ts'

const { values } = parseArgs({
  options: {
    operation: { type: 'string', multiple: true },
    kind: { type: 'string', multiple: true },
    points: { type: 'string', default: 'all' },
    at: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    list: { type: 'boolean', default: false },
  },
})

/** Faults of the wanted kinds at all points that they concern, or at so many of them, spread evenly. */
function faultsFor(course: Course): Fault[] {
  const kinds = FAULTS.filter((kind) => values.kind?.includes(kind) ?? true)
  const all = faultsAt(course.points, kinds)
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
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker))
  return trials
}

function report({ operation, fault, point, problems }: Trial): void {
  console.log(`WRONG ${operation}: ${fault.kind} at point ${fault.at} (${point ?? 'not reached'})`)
  for (const problem of problems) console.log(`  ${problem.replaceAll('\n', '\n  ')}`)
}

let wrong = 0
for (const operation of OPERATIONS.filter(({ name }) => values.operation?.includes(name) ?? true)) {
  const course = await courseOf(operation, sqlite)
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
}
await removeTemplates()
process.exitCode = wrong > 0 ? 1 : 0
