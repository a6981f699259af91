/** Faults at the write points of the main operations, a fixed share of them: whatever dies or fails where, the next command finds a state that it can go on from. `npm run faults` takes all. */
import { describe, expect, test } from 'vitest'
import { faultsAt, FAULTS, spread } from '../support/faults/fault.ts'
import { OPERATIONS } from '../support/faults/operations.ts'
import { courseOf, trial, type Course, type Trial } from '../support/faults/trial.ts'
import { files } from '../support/faults/shelf.ts'

/** Trials of one operation; two at a time. */
const SHARE = 5

const operations = OPERATIONS.filter(({ name }) => ['push', 'pull', 'merge', 'init'].includes(name))

async function inject(course: Course): Promise<Trial[]> {
  const faults = spread(faultsAt(course.points, FAULTS), SHARE)
  const trials: Trial[] = []
  const worker = async (): Promise<void> => {
    for (let fault = faults.shift(); fault !== undefined; fault = faults.shift())
      trials.push(await trial(course, fault))
  }
  await Promise.all([worker(), worker()])
  return trials
}

describe.each(operations)('$name', (operation) => {
  test('killed, torn, or refused a write: nothing is half-written or lost, and both machines come to the same end', async () => {
    const course = await courseOf(operation, files)
    try {
      const trials = await inject(course)
      expect(trials.filter(({ point }) => point !== undefined).length).toBe(SHARE)
      expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([])
    } finally {
      await course.template.close()
    }
  })
})
