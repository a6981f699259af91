/** Duplicates by identity: which keys are one record, and that nobody's side decides. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collapse, findDuplicates } from '../../../src/merge/duplicates.ts'
import { rulesWith } from './rules.ts'

describe('findDuplicates', () => {
  test('keeps the greater number of copies, whichever side has it', () => {
    const count = fc.integer({ min: 0, max: 5 })
    fc.assert(
      fc.property(count, count, count, (mine, yours, common) => {
        const copies = (prefix: string, number: number): [string, string][] =>
          Array.from({ length: number }, (_, i) => [`["${prefix}${i}"]`, `{"id":"${prefix}${i}","who":"x"}`])
        const ours = new Map([...copies('o', mine), ...copies('c', common)])
        const theirs = new Map([...copies('t', yours), ...copies('c', common)])
        const pairs = findDuplicates({ ours, theirs }, ['who'])
        const left = mine + yours + common - pairs.length
        expect(left).toBe(Math.max(ours.size, theirs.size))
        const turned = findDuplicates({ ours: theirs, theirs: ours }, ['who'])
        expect(turned.map((pair) => ({ ours: pair.theirs, theirs: pair.ours }))).toEqual(pairs)
      }),
    )
  })

  test('a record without one of the fields is nobody’s double', () => {
    const [ours, theirs] = [new Map([['[1]', '{"id":1}']]), new Map([['[2]', '{"id":2}']])]
    expect(findDuplicates({ ours, theirs }, ['who'])).toEqual([])
  })
})

describe('collapse', () => {
  const rules = rulesWith({ collection: 'people', identity: ['who'] })
  const first = { key: '[1]', record: '{"city":"Rome","id":1,"who":"x"}', stamp: { asset: 'a', since: 0, at: 20 } }
  const second = { key: '[2]', record: '{"id":2,"name":"X","who":"x"}', stamp: { asset: 'b', since: 0, at: 10 } }
  const collapsed = (
    ours: typeof first | typeof second,
    theirs: typeof first | typeof second,
  ): ReturnType<typeof collapse> =>
    collapse({
      keys: { ours: ours.key, theirs: theirs.key },
      records: { ours: ours.record, theirs: theirs.record },
      stamps: { ours: ours.stamp, theirs: theirs.stamp },
      rules,
    })

  test('the key that was committed first stays, and the fields of both are in', () => {
    const one = collapsed(first, second)
    expect(one).toMatchObject({ winner: '[2]', loser: '[1]' })
    expect(JSON.parse(one.record)).toEqual({ city: 'Rome', id: 2, name: 'X', who: 'x' })
    expect(one.decisions[0]).toMatchObject({ kind: 'duplicate', key: '[1]', chosen: one.record })
  })

  test('gives the same whichever side is ours', () => {
    const [one, other] = [collapsed(first, second), collapsed(second, first)]
    expect([other.winner, other.loser, other.record]).toEqual([one.winner, one.loser, one.record])
  })
})
