import { describe, expect, test } from 'vitest'
import type { ArrayRule } from '../../../src/model/rules.ts'
import type { RecordOutcome } from '../../../src/merge/history/sides.ts'
import { merge, mergedText, rulesWith, stampsWith } from './rules.ts'

function mergeLists(
  rule: ArrayRule | undefined,
  [base, ours, theirs]: readonly [string, string, string],
): RecordOutcome {
  const rules = rulesWith({ arrays: rule === undefined ? {} : { list: rule }, jsonbFields: [] })
  const record = (list: string): string => `{"list":${list}}`
  const stamps = stampsWith({ at: 3000 }, { at: 2000 })
  return merge({ base: record(base), ours: record(ours), theirs: record(theirs), rules, stamps })
}

describe('an array without a rule', () => {
  test('is one value', () => {
    const outcome = mergeLists(undefined, ['[1]', '[1,2]', '[1,3]'])
    expect(outcome).toMatchObject({ text: '{"list":[1,2]}', decisions: [{ field: 'list', theirs: '[1,3]' }] })
  })
})

describe('an array that is a set', () => {
  test('has what either side added and lacks what either side removed', () => {
    const outcome = mergeLists('set', ['["a","b","c"]', '["a","c","d"]', '["b","c","e"]'])
    expect(outcome).toMatchObject({
      text: '{"list":["c","d","e"]}',
      decisions: [
        { field: 'list', kind: 'edit-edit', rule: 'set-union', ours: '["a","c","d"]', theirs: '["b","c","e"]' },
      ],
    })
  })

  test('has what both sides added once', () => {
    expect(mergedText(mergeLists('set', ['[]', '["x","a"]', '["x"]']))).toBe('{"list":["a","x"]}')
  })

  test('is sorted, integers by value, so that it does not depend on what was merged first', () => {
    expect(mergedText(mergeLists('set', ['[]', '[10,"b",-1]', '[9,"a",1.5]']))).toBe('{"list":[-1,9,10,"a","b",1.5]}')
  })

  test('keeps a value that occurs several times as often as it occurs', () => {
    expect(mergedText(mergeLists('set', ['[1,1]', '[1,1,2]', '[1,1,1]']))).toBe('{"list":[1,1,1,2]}')
  })

  test('has the winner’s count of a value that both sides removed some of', () => {
    expect(mergedText(mergeLists('set', ['[1,1,1]', '[1]', '[1,1]']))).toBe('{"list":[1]}')
  })

  test('inside jsonb is written as PostgreSQL writes it', () => {
    const rules = rulesWith({ arrays: { 'p.tags': 'set' }, jsonbFields: ['p'] })
    const [base, ours, theirs] = ['["a"]', '["a", "b"]', '["a", "c"]'].map((tags) => `{"p":{"tags": ${tags}}}`)
    expect(mergedText(merge({ base, ours, theirs, rules }))).toBe('{"p":{"tags": ["a", "b", "c"]}}')
  })

  test('that wins over a value that is no array has what was added to it: the rest was taken away', () => {
    expect(mergedText(mergeLists('set', ['[1]', '[1,2]', '"none"']))).toBe('{"list":[2]}')
  })
})

describe('an array keyed by a field', () => {
  const rule = { keyed: 'id' }

  test('merges elements with the same key by path', () => {
    const outcome = mergeLists(rule, [
      '[{"id":1,"p":1,"q":1},{"id":2,"p":1,"q":1}]',
      '[{"id":1,"p":2,"q":1},{"id":2,"p":1,"q":1}]',
      '[{"id":1,"p":1,"q":2},{"id":2,"p":1,"q":5}]',
    ])
    expect(outcome).toEqual({
      kind: 'merged',
      text: '{"list":[{"id":1,"p":2,"q":2},{"id":2,"p":1,"q":5}]}',
      decisions: [],
    })
  })

  test('reports a conflict inside an element by the element’s key', () => {
    const outcome = mergeLists(rule, ['[{"id":1,"p":1}]', '[{"id":1,"p":2}]', '[{"id":1,"p":3}]'])
    expect(outcome).toMatchObject({
      text: '{"list":[{"id":1,"p":2}]}',
      decisions: [{ field: 'list[1].p', ours: '2', theirs: '3', chosen: '2', rule: 'newest' }],
    })
  })

  test('keeps an element that one side edited and the other deleted', () => {
    const outcome = mergeLists(rule, ['[{"id":1,"p":1},{"id":2}]', '[{"id":2}]', '[{"id":1,"p":9},{"id":2}]'])
    expect(outcome).toMatchObject({
      text: '{"list":[{"id":2},{"id":1,"p":9}]}',
      decisions: [{ field: 'list[1]', kind: 'edit-delete', rule: 'keep', theirs: '{"id":1,"p":9}' }],
    })
  })

  test('keeps the sequence of the only side that changed it', () => {
    const outcome = mergeLists(rule, [
      '[{"id":1,"p":1},{"id":2}]',
      '[{"id":1,"p":2},{"id":2}]',
      '[{"id":3},{"id":2},{"id":1,"p":1}]',
    ])
    expect(outcome).toMatchObject({ text: '{"list":[{"id":3},{"id":2},{"id":1,"p":2}]}', decisions: [] })
  })

  test('is sorted by key and reported where both sides changed the sequence', () => {
    const outcome = mergeLists(rule, ['[{"id":2}]', '[{"id":2},{"id":10}]', '[{"id":3},{"id":2}]'])
    expect(outcome).toMatchObject({
      text: '{"list":[{"id":2},{"id":3},{"id":10}]}',
      decisions: [{ field: 'list', rule: 'keyed' }],
    })
  })

  test('is one value when elements have no key or share one', () => {
    expect(mergedText(mergeLists(rule, ['[]', '[{"id":1},{"id":1}]', '[{"id":2}]']))).toBe(
      '{"list":[{"id":1},{"id":1}]}',
    )
    expect(mergedText(mergeLists(rule, ['[]', '[{"id":1}]', '[{"x":2}]']))).toBe('{"list":[{"id":1}]}')
  })

  test('counts and unites by paths that do not name the element', () => {
    const rules = rulesWith({ arrays: { list: rule, 'list.tags': 'set' }, counters: ['list.n'] })
    const [base, ours, theirs] = [
      '{"id":1,"n":1,"tags":[]}',
      '{"id":1,"n":3,"tags":["a"]}',
      '{"id":1,"n":2,"tags":["b"]}',
    ].map((element) => `{"list":[${element}]}`)
    expect(mergedText(merge({ base, ours, theirs, rules }))).toBe('{"list":[{"id":1,"n":4,"tags":["a","b"]}]}')
  })
})

describe('a set that its column holds as text', () => {
  test.each([
    ['text[]', '{a,b,c}', '{a,c,d}', '{b,c,e}', '{c,d,e}'],
    ['int[], by value', '{1,10}', '{1,10,9}', '{10,-3}', '{-3,9,10}'],
    [
      'text[] with what must be quoted',
      '{}',
      '{"a b",NULL,"null",""}',
      String.raw`{"x,y","\"\\"}`,
      String.raw`{"","\"\\","a b","null","x,y",NULL}`,
    ],
    ['json and SQLite text', '["a","b"]', '["a", "b", "c"]', '["b"]', '["b","c"]'],
    ['json of documents', '[]', '[{"id":1}]', '[{"id":2}]', '[{"id":1},{"id":2}]'],
  ])('merges: %s', (_, base, ours, theirs, merged) => {
    const [one, other, third] = [base, ours, theirs].map((text) => JSON.stringify(text)) as [string, string, string]
    expect(mergedText(mergeLists('set', [one, other, third]))).toBe(`{"list":${JSON.stringify(merged)}}`)
    expect(mergedText(mergeLists('set', [one, third, other]))).toBe(`{"list":${JSON.stringify(merged)}}`)
  })

  test.each(['{{1,2},{3,4}}', '[2:3]={1,2}', 'a text', '{"broken', '[1,'])(
    'stays one value where it is none: %s',
    (text) => {
      const outcome = mergeLists('set', ['"{}"', JSON.stringify(text), '"{9}"'])
      expect(mergedText(outcome)).toBe(`{"list":${JSON.stringify(text)}}`)
    },
  )
})
