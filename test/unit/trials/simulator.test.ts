/** A fixed share of the simulator: the rule keeps every law in a few thousand random histories, and rules that are known to be wrong do not. `npm run simulate` runs more. */
import { describe, expect, test } from 'vitest'
import { LAWS } from '../../trials/simulator/laws.ts'
import { MIXTURES, type Mixture } from '../../trials/simulator/plan.ts'
import { RULES } from '../../trials/simulator/rules.ts'
import { type Tally, tally } from '../../trials/simulator/run.ts'

const NONE = Object.fromEntries(LAWS.map((law) => [law, 0]))

function run(rule: string, histories: number, mixture = 'all'): Tally {
  const make = RULES[rule]
  if (make === undefined) throw new Error(`no rule ${rule}`)
  return tally({ seed: 2026, histories, mixture: MIXTURES[mixture] as Mixture, rule: make })
}

describe('in random histories', () => {
  test.each([
    ['of every kind', 'all', 1500],
    ['with most merges made by hand', 'manual', 1000],
    ['of five machines that go on for long', 'long', 100],
  ])(
    '%s the merge rule breaks no law',
    (_what, mixture, histories) => {
      const { broken, drops } = run('program', histories, mixture)
      expect(broken).toEqual(NONE)
      expect(drops).toBeGreaterThan(0)
    },
    120_000,
  )
})

describe('the laws', () => {
  test('are broken by a three-way merge over a common past: the order of merges decides, and records are lost', () => {
    const { broken } = run('three-way', 300)
    expect(broken['any order of merges gives the same record']).toBeGreaterThan(50)
    expect(broken['an unopposed write survives']).toBeGreaterThan(20)
    expect(broken['a record written beside a delete is kept']).toBeGreaterThan(5)
    expect(broken['every losing value is among the decisions']).toBeGreaterThan(50)
  }, 60_000)

  test('are broken by taking the record with the later time: unopposed edits, counters and deletes are lost', () => {
    const { broken } = run('latest-record', 300)
    expect(broken['an unopposed write survives']).toBeGreaterThan(100)
    expect(broken['a later write beats the earlier one it saw']).toBeGreaterThan(20)
    expect(broken['a counter is the sum of all changes']).toBeGreaterThan(20)
    expect(broken['a delete nobody opposed stays']).toBeGreaterThan(5)
  }, 60_000)
})
