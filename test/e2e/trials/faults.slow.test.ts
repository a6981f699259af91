/** Faults at the write points of the main operations, a fixed share of them: whatever dies or fails where, the next command finds a state that it can go on from. `npm run faults` takes all. */
import { describe, expect, test } from 'vitest'
import { faultsAt, FAULTS, spread, type Fault, type FaultKind } from '../../trials/faults/fault.ts'
import { OPERATIONS } from '../../trials/faults/operations.ts'
import { injectAll } from '../../trials/faults/run.ts'
import { courseOf, type Course } from '../../trials/faults/trial.ts'
import { files } from '../../trials/faults/shelf.ts'

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

describe.each(operations)('$name', (operation) => {
  test('killed, torn, or refused a write: nothing is half-written or lost, and both machines come to the same end', async () => {
    const course = await courseOf(operation, files)
    try {
      const trials = await injectAll(course, [...spread(faultsAt(course.points, FAULTS), SHARE), found(course)])
      expect(trials.filter(({ point }) => point !== undefined).length).toBe(SHARE + 1)
      expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([])
    } finally {
      await course.template.close()
    }
  })
})
