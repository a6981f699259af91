/** Faults at the write points of the main operations, a fixed share of them: whatever dies or fails where, the next command finds a state that it can go on from. `npm run faults` takes all. */
import { describe, expect, test } from 'vitest'
import { faultsAt, FAULTS, spread, type Fault, type FaultKind } from '../support/faults/fault.ts'
import { OPERATIONS } from '../support/faults/operations.ts'
import { courseOf, trial, type Course, type Trial } from '../support/faults/trial.ts'
import { files } from '../support/faults/shelf.ts'

/** Trials of one operation spread over its points, two at a time; and those that found something once. */
const SHARE = 4
const FOUND: Readonly<Record<string, { readonly kind: FaultKind; readonly point: RegExp }>> = {
  push: { kind: 'kill', point: /reference-transaction/ },
  pull: { kind: 'crash', point: /^sql COMMIT/ },
  merge: { kind: 'ENOSPC', point: /\.merge_file_/ },
  init: { kind: 'kill', point: /exports\/\.gitattributes/ },
}

const operations = OPERATIONS.filter(({ name }) => ['push', 'pull', 'merge', 'init'].includes(name))

function found({ operation, points }: Course): Fault {
  const { kind, point } = FOUND[operation.name] as { kind: FaultKind; point: RegExp }
  const at = points.findIndex((each) => point.test(each)) + 1
  if (at === 0) throw new Error(`${operation.name} does not get to ${point}`)
  return { kind, at }
}

async function inject(course: Course): Promise<Trial[]> {
  const faults = [...spread(faultsAt(course.points, FAULTS), SHARE), found(course)]
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
      expect(trials.filter(({ point }) => point !== undefined).length).toBe(SHARE + 1)
      expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([])
    } finally {
      await course.template.close()
    }
  })
})
