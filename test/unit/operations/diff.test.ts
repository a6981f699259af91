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

test('a collection that could not be compared counts as different', () => {
  const nothing = { name: 'a', added: [], changed: [], removed: [] }
  expect(differs({ ...nothing, problem: undefined })).toBe(false)
  expect(differs({ ...nothing, problem: 'has no primary key' })).toBe(true)
})
