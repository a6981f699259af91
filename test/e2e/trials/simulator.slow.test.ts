/** A handful of random histories of two machines with real git, the built program and live databases. `npm run simulate -- --real N` runs more. */
import { expect, test } from 'vitest'
import { runReal } from '../../trials/simulator/real/run.ts'

test('machines that edit, delete, add, count, push, pull, rebase, merge by hand, amend and are killed come to hold the same, and nothing is lost in silence', async () => {
  const stories: string[] = []
  const wrong = await runReal({
    seed: 2026,
    from: 0,
    histories: 2,
    onEnd: ({ problems, story }) => {
      if (problems.length > 0) stories.push([...story, ...problems].join('\n'))
    },
  })
  expect(stories).toEqual([])
  expect(wrong).toBe(0)
}, 300_000)
