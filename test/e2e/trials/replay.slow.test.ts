/** Two machines whose bots write their JSON files as real ones do, replayed: no edit is lost, no delete undone, and an empty file deletes nothing. `npm run replay` goes on for longer. */
import { expect, test } from 'vitest'
import { replay } from '../../trials/replay/run.ts'

test('the changes of two bots all arrive on both machines, and every value that lost is in a report', async () => {
  const result = await replay({ exchanges: 4, seed: 20_261_121 })
  expect(result.problems).toEqual([])
  expect(result.writes).toBeGreaterThan(100)
  expect(result.contests).toBeGreaterThan(0)
})
