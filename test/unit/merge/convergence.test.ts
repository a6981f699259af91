/** The merge rule on small histories, each of which a plain three-way merge gets wrong. The laws themselves are tried on random histories by the simulator. */
import { describe, expect, test } from 'vitest'
import { convergence } from '../../../src/merge/history/convergence.ts'
import type { RecordOutcome } from '../../../src/merge/history/sides.ts'
import { graphOf, type CommitLine } from './graph.ts'
import { rulesWith } from './rules.ts'

function mergeOf(lines: Readonly<Record<string, CommitLine>>, rules = rulesWith()): unknown {
  const rule = convergence(graphOf(lines), rules, '[1]')
  const outcome = rule.merge('O', 'T')
  const turned = rule.merge('T', 'O')
  const result = resultOf(outcome)
  expect(resultOf(turned)).toEqual(result)
  return result
}

function resultOf(outcome: RecordOutcome): unknown {
  return outcome.kind === 'merged' ? outcome.text : { kept: outcome.kept, moved: outcome.moved }
}

const record = (x: unknown, y: unknown = 0): string => JSON.stringify({ x, y })

describe('what both sides touched', () => {
  const base = { parents: [], content: record('A'), at: 1 }

  test('counts as written also when the old value was put back', () => {
    const text = mergeOf({
      base,
      O: { parents: ['base'], content: record('C'), at: 10 },
      T1: { parents: ['base'], content: record('B'), at: 15 },
      T: { parents: ['T1'], content: record('A'), at: 20 },
    })
    expect(text).toBe(record('A'))
  })

  test('a causally later write wins whatever the clocks say', () => {
    const text = mergeOf({
      base,
      O: { parents: ['base'], content: record('O'), at: 1000 },
      T1: { parents: ['base'], content: record('T'), at: 5 },
      T: { parents: ['T1', 'O'], content: record('later'), at: 6 },
    })
    expect(text).toBe(record('later'))
  })

  test('a record that one side deleted is kept with what that side wrote before', () => {
    const text = mergeOf({
      base,
      O1: { parents: ['base'], content: record('A', 5), at: 10 },
      O: { parents: ['O1'], content: undefined, at: 20 },
      T: { parents: ['base'], content: record('T'), at: 15 },
    })
    expect(text).toBe(record('T', 5))
  })

  test('a counter has every change of both sides', () => {
    const text = mergeOf(
      {
        base,
        O1: { parents: ['base'], content: record('A', 1) },
        O: { parents: ['O1'], content: record('A', 3) },
        T: { parents: ['base'], content: record('A', 3) },
      },
      rulesWith({ counters: ['y'] }),
    )
    expect(text).toBe(record('A', 6))
  })

  test('a counter that came back with its record has every change that did not know of it', () => {
    const lines = {
      base: { parents: [], content: record('A', 3) },
      gone: { parents: ['base'], content: undefined, at: 10 },
      O: { parents: ['gone'], content: record('A', 1), at: 20 },
      T1: { parents: ['base'], content: record('A', 5), at: 30 },
      T: { parents: ['T1'], content: record('A', 4), at: 40 },
    }
    expect(mergeOf(lines, rulesWith({ counters: ['y'] }))).toBe(record('A', 2))
  })
})

describe('a value that was a document', () => {
  const lines = {
    base: { parents: [], content: '{"d":{"x":0,"y":1}}', at: 1 },
    gone: { parents: ['base'], content: '{"d":null}', at: 10 },
    edit: { parents: ['base'], content: '{"d":{"x":5,"y":1}}', at: 12 },
    anew: { parents: ['gone'], content: '{"d":{"z":1}}', at: 14 },
    both: { parents: ['gone', 'edit'], content: '{"d":{"x":5}}', at: 20 },
  }

  test('and is one again by a later edit of a part has that part alone: what else was in it was taken away', () => {
    expect(convergence(graphOf(lines), rulesWith()).event('both')).toBeUndefined()
  })

  test('is the same whatever is merged first', () => {
    const late = mergeOf({ ...lines, O: { ...lines.both, parents: ['both'] }, T: { ...lines.anew, parents: ['anew'] } })
    const early = mergeOf({
      ...lines,
      O: { ...lines.edit, parents: ['edit'] },
      T: { ...lines.anew, parents: ['anew'] },
    })
    expect([late, early]).toEqual(['{"d":{"x":5,"z":1}}', '{"d":{"x":5,"z":1}}'])
  })
})

describe('critical fields', () => {
  test('are one value also where only one of them was ever filled: a later writer who left it empty has it empty', () => {
    const text = mergeOf(
      {
        base: { parents: [], content: '{"z":1}', at: 1 },
        O: { parents: ['base'], content: '{"x":1,"z":1}', at: 10 },
        T1: { parents: ['base'], content: '{"x":2,"y":2,"z":1}', at: 20 },
        T: { parents: ['T1'], content: '{"z":1}', at: 30 },
      },
      rulesWith({ critical: ['x', 'y'] }),
    )
    expect(text).toBe('{"z":1}')
  })
})

describe('a merge made by hand', () => {
  const base = { parents: [], content: record('A'), at: 1 }
  const dropped = {
    base,
    p: { parents: ['base'], content: record('B'), at: 10 },
    q: { parents: ['base'], content: record('A', 7), at: 12 },
    M: { parents: ['p', 'q'], content: record('A', 7), at: 20 },
  }

  test('that dropped what one side alone wrote loses nothing', () => {
    expect(convergence(graphOf(dropped), rulesWith()).state('M')).toBe(record('B', 7))
    expect(convergence(graphOf(dropped), rulesWith()).event('M')).toBeUndefined()
  })

  test('is followed by commits that do not make the drop a decision', () => {
    const graph = graphOf({ ...dropped, c: { parents: ['M'], content: record('A', 8), at: 30 } })
    expect(convergence(graph, rulesWith()).state('c')).toBe(record('B', 8))
  })

  test('is followed by a commit that takes a part out of a document: of a value that is none, it says nothing', () => {
    const rule = convergence(
      graphOf({
        base: { parents: [], content: record({ p: 1, q: 2 }) },
        p: { parents: ['base'], content: record('scalar') },
        q: { parents: ['base'], content: record({ p: 1, q: 2 }, 7) },
        M: { parents: ['p', 'q'], content: record({ p: 1 }, 7) },
        c: { parents: ['M'], content: record({}, 7) },
      }),
      rulesWith(),
    )
    expect(rule.state('M')).toBe(record('scalar', 7))
    expect(rule.state('c')).toBe(record('scalar', 7))
  })

  test('is followed by a commit that takes a part out of a group: what is left of it is written', () => {
    const rules = rulesWith({ critical: ['x', 'y'] })
    const graph = graphOf({
      base: { parents: [], content: '{"x":1,"y":2,"z":0}' },
      p: { parents: ['base'], content: '{"z":0}' },
      q: { parents: ['base'], content: '{"x":1,"y":2,"z":7}' },
      M: { parents: ['p', 'q'], content: '{"x":1,"y":2,"z":7}' },
      c: { parents: ['M'], content: '{"y":2,"z":7}' },
    })
    expect(convergence(graph, rules).state('M')).toBe('{"z":7}')
    expect(convergence(graph, rules).state('c')).toBe('{"y":2,"z":7}')
  })

  test('is put back by an export without an event, and accepted where a commit says so', () => {
    const put = graphOf({ ...dropped, c: { parents: ['M'], content: record('B', 7), at: 30 } })
    expect(convergence(put, rulesWith()).event('c')).toBeUndefined()
    const accepted = graphOf({ ...dropped, c: { parents: ['M'], content: record('A', 7), at: 30, accepts: true } })
    expect(convergence(accepted, rulesWith()).state('c')).toBe(record('A', 7))
  })

  test('that kept a deleted record, of which a value was then edited: only that value is new', () => {
    const text = mergeOf({
      base,
      code: { parents: ['base'], content: record('A'), at: 5 },
      gone: { parents: ['base'], content: undefined, at: 10 },
      M: { parents: ['code', 'gone'], content: record('A'), at: 20 },
      O: { parents: ['M'], content: record('B'), at: 40 },
      T: { parents: ['gone'], content: record('T', 5), at: 30 },
    })
    expect(text).toBe(record('B', 5))
  })

  test('that mixed the files of two parents, both of which had a deleted record, does not bring it back', () => {
    const lines = {
      base,
      edit: { parents: ['base'], content: record('B', 7), at: 10 },
      gone: { parents: ['edit'], content: undefined, at: 20 },
      code: { parents: ['base'], content: record('A'), at: 15 },
      p: { parents: ['code', 'gone'], content: record('A', 0), at: 30 },
      q: { parents: ['edit', 'code'], content: record('B', 7), at: 31 },
      M: { parents: ['p', 'q'], content: record('A', 7), at: 40 },
    }
    expect(convergence(graphOf(lines), rulesWith()).state('M')).toBeUndefined()
  })

  test('that decided between two writes is a write', () => {
    const lines = {
      base,
      p: { parents: ['base'], content: record('B'), at: 10 },
      q: { parents: ['base'], content: record('C'), at: 12 },
      O: { parents: ['p', 'q'], content: record('B'), at: 20 },
      T: { parents: ['q'], content: record('C', 9), at: 15 },
    }
    expect(convergence(graphOf(lines), rulesWith()).event('O')).toMatchObject({ after: record('B') })
    expect(mergeOf(lines)).toBe(record('B', 9))
  })
})

describe('one number, two records', () => {
  const rules = rulesWith({ serialKey: true })
  const a = record('a')
  const b = record('b')

  test('the key holds the one committed first, also when the other side had been edited since', () => {
    const lines = {
      base: { parents: [], content: undefined },
      c1: { parents: ['base'], content: a, at: 10 },
      c2: { parents: ['base'], content: b, at: 15 },
      O: { parents: ['c1', 'c2'], content: a, at: 20 },
      T: { parents: ['c2'], content: record('b', 3), at: 30 },
    }
    expect(mergeOf(lines, rules)).toEqual({ kept: a, moved: record('b', 3) })
  })

  test('a merge made by hand may keep the other: that is the record then, also for who holds it', () => {
    const lines = {
      base: { parents: [], content: undefined },
      p: { parents: ['base'], content: record('first'), at: 10 },
      q: { parents: ['base'], content: record('second'), at: 20 },
      O: { parents: ['q'], content: record('second', 5), at: 30 },
      T: { parents: ['p', 'q'], content: record('second'), at: 40 },
    }
    expect(mergeOf(lines, rulesWith({ serialKey: true }))).toBe(record('second', 5))
  })

  test('what was written to the one is nothing to the other', () => {
    const lines = {
      base: { parents: [], content: undefined },
      c1: { parents: ['base'], content: a, at: 10 },
      c2: { parents: ['base'], content: b, at: 15 },
      O: { parents: ['c1', 'c2'], content: a, at: 20 },
      T: { parents: ['c1'], content: record('a', 7), at: 12 },
    }
    expect(mergeOf(lines, rules)).toBe(record('a', 7))
  })

  test('a copy of the commit that added a record is that commit', () => {
    const lines = {
      base: { parents: [], content: undefined },
      O: { parents: ['base'], content: a, at: 10, exportId: 'x' },
      c: { parents: ['base'], content: a, at: 12, exportId: 'x' },
      T: { parents: ['c'], content: record('a', 4), at: 30 },
    }
    expect(mergeOf(lines, rules)).toBe(record('a', 4))
  })

  test('a copy whose original both sides know is no new write: what was deleted or edited on the original stays so', () => {
    const lines = {
      base: { parents: [], content: undefined },
      D: { parents: ['base'], content: a, at: 10, exportId: 'x' },
      copy: { parents: ['base'], content: a, at: 11, exportId: 'x' },
      O: { parents: ['D', 'copy'], content: a, at: 20 },
      T: { parents: ['D'], content: undefined, at: 15 },
    }
    expect(mergeOf(lines, rules)).toBeUndefined()
    const edited = { ...lines, T: { ...lines.T, content: record('a', 4) } }
    expect(mergeOf(edited, rules)).toBe(record('a', 4))
  })

  test('a squash that quotes its commits is their copy: what was written on top of them is later than it', () => {
    const lines = {
      base: { parents: [], content: undefined },
      O1: { parents: ['base'], content: a, at: 10, exportId: 'x' },
      O2: { parents: ['O1'], content: record('a', 5), at: 11, exportId: 'y' },
      O: { parents: ['O2'], content: record('a', 6), at: 12 },
      T: { parents: ['base'], content: record('a', 5), at: 30, quoted: ['x', 'y'] },
    }
    expect(mergeOf(lines, rules)).toBe(record('a', 6))
    const edited = { ...lines, T: { ...lines.T, content: record('a', 7) } }
    expect(mergeOf(edited, rules)).toBe(record('a', 7))
  })
})
