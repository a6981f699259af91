/** Merging beside programs that never pause: they lose no write, and no pull or push has to give up. (`npm run writers` does it 200 times.) */
import { expect, inject, test } from 'vitest'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { runCycles } from '../../trials/writers/run.ts'

test.each([
  { engine: sqlite, cycles: 4, pauseMs: 1 },
  { engine: postgres(inject('postgres')), cycles: 2, pauseMs: 1 },
])(
  'programs that write into both databases all the time lose nothing while $engine.name is merged $cycles times',
  async ({ engine, cycles, pauseMs }) => {
    const result = await runCycles(engine, { cycles, pauseMs })
    expect(result.problems).toEqual([])
    // one that takes longer than three seconds lets the writers go on; without making them wait every pull gives up
    expect(result.postponed).toBeLessThan(cycles)
    expect(result.transactions).toBeGreaterThan(100)
  },
)
