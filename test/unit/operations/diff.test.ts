/** The comparison behind `tandem diff`, on records as exports hold them. */
import { expect, test } from 'vitest'
import { compareRecords, differs } from '../../../src/operations/diff.ts'

test('records are told as added, changed field by field, and removed, in the order of their keys', () => {
  const exported = new Map([
    ['[1]', '{"id":1,"name":"a","note":"x"}'],
    ['[2]', '{"id":2,"name":"same"}'],
    ['[3]', '{"id":3}'],
  ])
  const live = new Map([
    ['[9]', '{"id":9}'],
    ['[2]', '{"id":2,"name":"same"}'],
    ['[1]', '{"id":1,"name":"b","size":26.940}'],
    ['[10]', '{"id":10}'],
  ])
  expect(compareRecords(exported, live, 'sorted')).toEqual({
    added: [
      { key: '[10]', record: '{"id":10}' },
      { key: '[9]', record: '{"id":9}' },
    ],
    changed: [
      {
        key: '[1]',
        fields: [
          { name: 'name', exported: '"a"', live: '"b"' },
          { name: 'note', exported: '"x"', live: undefined },
          { name: 'size', exported: undefined, live: '26.940' },
        ],
      },
    ],
    removed: [{ key: '[3]', record: '{"id":3}' }],
  })
})

test('null, the empty text and absence are three different values', () => {
  const sides = (exported: string, live: string): number =>
    compareRecords(new Map([['[1]', exported]]), new Map([['[1]', live]]), 'sorted').changed.length
  expect(sides('{"a":null}', '{}')).toBe(1)
  expect(sides('{"a":null}', '{"a":""}')).toBe(1)
  expect(sides('{"a":1.0}', '{"a":1}')).toBe(1)
})

test('another order of fields is a difference only where it cannot be data', () => {
  const [exported, live] = ['{"b":{"x":1,"y":2},"a":1}', '{"a":1,"b":{"y":2,"x":1}}'].map(
    (text) => new Map([['[1]', text]]),
  )
  const found = compareRecords(exported as Map<string, string>, live as Map<string, string>, 'kept')
  expect(found).toEqual({ added: [], changed: [], removed: [] })
  const inside = compareRecords(
    new Map([['[1]', '{"b":{"x":1,"y":2},"a":1}']]),
    new Map([['[1]', '{"a":2,"b":{"y":2,"x":1}}']]),
    'kept',
  )
  expect(inside.changed[0]?.fields.map(({ name }) => name)).toEqual(['a'])
})

test('two empty collections do not differ', () => {
  const found = compareRecords(new Map(), new Map(), 'sorted')
  expect(found).toEqual({ added: [], changed: [], removed: [] })
  expect(differs({ name: 'a', ...found, problem: undefined })).toBe(false)
})

test('against an empty collection every record was added, or removed, and none was changed', () => {
  const records = new Map([
    ['[2]', '{"id":2}'],
    ['[1]', '{"id":1}'],
  ])
  const all = [
    { key: '[1]', record: '{"id":1}' },
    { key: '[2]', record: '{"id":2}' },
  ]
  expect(compareRecords(new Map(), records, 'sorted')).toEqual({ added: all, changed: [], removed: [] })
  expect(compareRecords(records, new Map(), 'sorted')).toEqual({ added: [], changed: [], removed: all })
})

test('keys are ordered by their bytes, not by UTF-16: a letter beyond the first plane comes last', () => {
  const live = new Map(['["😀"]', '["\ufb01"]', '["z"]', '["é"]'].map((key) => [key, '{}']))
  const found = compareRecords(new Map(), live, 'sorted').added.map(({ key }) => key)
  expect(found).toEqual(['["z"]', '["é"]', '["\ufb01"]', '["😀"]'])
})

test('a record whose key changed is one that was removed and one that was added', () => {
  const found = compareRecords(new Map([['[1]', '{"id":1}']]), new Map([['[2]', '{"id":2}']]), 'sorted')
  expect(found).toMatchObject({ added: [{ key: '[2]' }], changed: [], removed: [{ key: '[1]' }] })
})

test('of a changed record only the fields that differ are told, also those with names that JSON quotes', () => {
  const [exported, live] = ['{"a\\"b":1,"same":[1,{"x":2}],"":0}', '{"a\\"b":2,"same":[1,{"x":2}],"":0}']
  const found = compareRecords(new Map([['[1]', exported]]), new Map([['[1]', live]]), 'sorted')
  expect(found.changed).toEqual([{ key: '[1]', fields: [{ name: 'a"b', exported: '1', live: '2' }] }])
})

test('the order inside an array is always data', () => {
  for (const order of ['kept', 'sorted'] as const) {
    const found = compareRecords(new Map([['[1]', '{"a":[1,2]}']]), new Map([['[1]', '{"a":[2,1]}']]), order)
    expect(found.changed[0]?.fields).toEqual([{ name: 'a', exported: '[1,2]', live: '[2,1]' }])
  }
})

test('one difference of any kind is enough', () => {
  const nothing = { name: 'a', added: [], changed: [], removed: [], problem: undefined }
  const record = { key: '[1]', record: '{}' }
  expect(differs({ ...nothing, added: [record] })).toBe(true)
  expect(differs({ ...nothing, removed: [record] })).toBe(true)
  expect(differs({ ...nothing, changed: [{ key: '[1]', fields: [] }] })).toBe(true)
})

test('a collection that could not be compared counts as different', () => {
  const nothing = { name: 'a', added: [], changed: [], removed: [] }
  expect(differs({ ...nothing, problem: undefined })).toBe(false)
  expect(differs({ ...nothing, problem: 'has no primary key' })).toBe(true)
})
