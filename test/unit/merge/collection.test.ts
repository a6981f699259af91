import { describe, expect, test } from 'vitest'
import { type CollectionInput, mergeCollection } from '../../../src/merge/collection.ts'
import type { KeyText, RecordText } from '../../../src/model/canonical.ts'
import { rulesWith, stampsWith } from './rules.ts'

/** Records 1 to `count`, and the ids of `more`. */
function traders(count: number, more: readonly number[] = []): Map<KeyText, RecordText> {
  const ids = [...Array.from({ length: count }, (_, i) => i + 1), ...more]
  return new Map(ids.map((id) => [`[${id}]`, `{"id":${id},"name":"trader ${id}"}`]))
}

function input(overrides: Partial<CollectionInput>): CollectionInput {
  return {
    base: new Map(),
    ours: new Map(),
    theirs: new Map(),
    rules: rulesWith(),
    stampsOf: () => stampsWith(),
    ...overrides,
  }
}

describe('merging a collection', () => {
  test('190 records and 5 new on one side make 195', () => {
    const { merged, changes, counts, decisions } = mergeCollection(
      input({ base: traders(190), ours: traders(190), theirs: traders(195) }),
    )
    expect(merged).toEqual(traders(195))
    expect(changes).toHaveLength(5)
    expect(decisions).toEqual([])
    expect(counts).toEqual({ oursOnly: 0, theirsOnly: 5, common: 190, changed: 5, conflicts: 0, result: 195 })
  })

  test('193 and 192 records make 195 without duplicates', () => {
    const ours = traders(190, [1001, 1002, 1003])
    const theirs = traders(190, [2001, 2002])
    const { merged, counts } = mergeCollection(input({ base: traders(190), ours, theirs }))
    expect(merged).toEqual(traders(190, [1001, 1002, 1003, 2001, 2002]))
    expect(counts).toEqual({ oursOnly: 3, theirsOnly: 2, common: 190, changed: 2, conflicts: 0, result: 195 })
  })

  test('two machines that handed out the same numbers lose none of their records', () => {
    const base = traders(1)
    const ours = new Map([...base, ['[2]', '{"id":2,"name":"ours"}']])
    const theirs = new Map([...base, ['[2]', '{"id":2,"name":"theirs"}']])
    const stampsOf = (): ReturnType<typeof stampsWith> => stampsWith({ at: 3000 }, { at: 2000 })
    const result = mergeCollection(input({ base, ours, theirs, stampsOf, rules: rulesWith({ serialKey: true }) }))
    expect(result.merged.get('[2]')).toBe('{"id":2,"name":"theirs"}')
    expect(result.collisions).toMatchObject([
      { key: '[2]', kept: '{"id":2,"name":"theirs"}', moved: '{"id":2,"name":"ours"}', keptSide: 'theirs' },
    ])
    expect(result.changes).toEqual([
      { key: '[2]', before: '{"id":2,"name":"ours"}', after: '{"id":2,"name":"theirs"}' },
    ])
    expect(result.counts.conflicts).toBe(1)
  })

  test('deletions, edits and additions of both sides become changes from ours, by key', () => {
    const base = new Map([
      ['[1]', '{"a":1}'],
      ['[2]', '{"a":1}'],
      ['[3]', '{"a":1}'],
      ['[4]', '{"a":1}'],
    ])
    const ours = new Map([
      ['[1]', '{"a":1}'],
      ['[2]', '{"a":2}'],
      ['[4]', '{"a":1}'],
      ['[5]', '{"a":5}'],
    ])
    const theirs = new Map([
      ['[2]', '{"a":1}'],
      ['[3]', '{"a":1}'],
      ['[4]', '{"a":4}'],
      ['[10]', '{"a":9}'],
    ])
    const { merged, changes, counts } = mergeCollection(input({ base, ours, theirs }))
    expect(merged).toEqual(
      new Map([
        ['[10]', '{"a":9}'],
        ['[2]', '{"a":2}'],
        ['[4]', '{"a":4}'],
        ['[5]', '{"a":5}'],
      ]),
    )
    expect(changes).toEqual([
      { key: '[10]', before: undefined, after: '{"a":9}' },
      { key: '[1]', before: '{"a":1}', after: undefined },
      { key: '[4]', before: '{"a":1}', after: '{"a":4}' },
    ])
    expect(counts).toEqual({ oursOnly: 2, theirsOnly: 2, common: 2, changed: 3, conflicts: 0, result: 4 })
  })

  test('a conflicting record counts once however many of its fields conflict', () => {
    const of = (text: string): Map<KeyText, RecordText> => new Map([['[1]', text]])
    const { decisions, counts } = mergeCollection(
      input({ base: of('{"a":1,"b":1}'), ours: of('{"a":2,"b":2}'), theirs: of('{"a":3,"b":3}') }),
    )
    expect(decisions.map((one) => one.field)).toEqual(['a', 'b'])
    expect(counts.conflicts).toBe(1)
  })

  test('a difference in derived fields or in field order alone is no change', () => {
    const rules = rulesWith({ derived: ['seen'], order: 'kept' })
    const ours = new Map([
      ['[1]', '{"_id":1,"a":1,"seen":1}'],
      ['[2]', '{"_id":2,"a":1,"b":2}'],
    ])
    const theirs = new Map([
      ['[1]', '{"_id":1,"a":1,"seen":2}'],
      ['[2]', '{"_id":2,"b":2,"a":1}'],
    ])
    for (const base of [ours, new Map<string, string>()]) {
      const { changes, decisions } = mergeCollection(input({ base, ours, theirs, rules }))
      expect(changes).toEqual([])
      expect(decisions).toEqual([])
    }
  })

  test('stamps are asked for only where both sides differ from the base', () => {
    const asked: KeyText[] = []
    const base = new Map([
      ['[1]', '{"a":1}'],
      ['[2]', '{"a":1}'],
      ['[3]', '{"a":1}'],
    ])
    const ours = new Map([...base, ['[1]', '{"a":2}'], ['[2]', '{"a":2}']])
    const theirs = new Map([...base, ['[1]', '{"a":3}'], ['[3]', '{"a":3}']])
    mergeCollection(input({ base, ours, theirs, stampsOf: (key) => (asked.push(key), stampsWith()) }))
    expect(asked).toEqual(['[1]'])
  })

  test('without a base nothing is deleted', () => {
    expect(mergeCollection(input({ ours: traders(3), theirs: traders(0, [9]) })).merged).toEqual(traders(3, [9]))
  })
})
