import { describe, expect, test } from 'vitest'
import { findViolations, missingParents, uniqueViolations } from '../../../../src/merge/constraints/violations.ts'
import type { CollectionSchema } from '../../../../src/model/collection.ts'

const records = (...texts: readonly string[]): Map<string, string> =>
  new Map(texts.map((text, i) => [`[${i + 1}]`, text]))

function schema(overrides: Partial<CollectionSchema>): CollectionSchema {
  return { name: 'traders', fields: [], key: ['id'], uniques: [], references: [], order: 'sorted', ...overrides }
}

describe('unique keys after a merge', () => {
  test('are violated by records of two sides with the same values', () => {
    const found = uniqueViolations(records('{"email":"a"}', '{"email":"b"}', '{"email":"a"}'), [['email']])
    expect(found).toEqual([{ unique: ['email'], keys: ['[1]', '[3]'] }])
  })

  test('are not violated by absent or null values', () => {
    expect(uniqueViolations(records('{}', '{}', '{"email":null}', '{"email":null}'), [['email']])).toEqual([])
    expect(uniqueViolations(records('{"a":1}', '{"a":1}'), [['a', 'b']])).toEqual([])
  })

  test('of several fields are violated only by all of them', () => {
    const three = records('{"a":1,"b":"x"}', '{"a":1,"b":"y"}', '{"a":1,"b":"x"}')
    expect(uniqueViolations(three, [['a', 'b']])).toEqual([{ unique: ['a', 'b'], keys: ['[1]', '[3]'] }])
  })

  test('do not take text for numbers', () => {
    expect(uniqueViolations(records('{"code":"5"}', '{"code":"5.0"}'), [['code']])).toEqual([])
  })
})

describe('foreign keys after a merge', () => {
  const reference = { fields: ['trader_id'], to: 'traders', toFields: ['id'] }

  test('are violated by a child whose parent is gone', () => {
    const children = records('{"trader_id":1}', '{"trader_id":2}', '{}', '{"trader_id":null}')
    expect(missingParents(children, reference, records('{"id":1}'))).toEqual(['[2]'])
  })

  test('hold between columns that write one number differently', () => {
    const children = records('{"trader_id":"1"}', '{"trader_id":"2.00"}', '{"trader_id":"10"}')
    expect(missingParents(children, reference, records('{"id":1}', '{"id":2}'))).toEqual(['[3]'])
  })

  test('and unique keys are found over all given collections, a table’s reference to itself too', () => {
    const boss = { fields: ['boss'], to: 'traders', toFields: ['id'] }
    const outside = { fields: ['x'], to: 'elsewhere', toFields: ['id'] }
    const traders = schema({ uniques: [['name']], references: [boss, outside] })
    const trades = schema({ name: 'trades', references: [reference] })
    const found = findViolations(
      new Map([
        [
          'traders',
          { schema: traders, records: records('{"boss":1,"id":1,"name":"a"}', '{"boss":3,"id":2,"name":"a","x":9}') },
        ],
        ['trades', { schema: trades, records: records('{"trader_id":2}', '{"trader_id":4}') }],
      ]),
    )
    expect(found).toEqual([
      { kind: 'unique', collection: 'traders', unique: ['name'], keys: ['[1]', '[2]'] },
      { kind: 'reference', collection: 'traders', reference: boss, key: '[2]' },
      { kind: 'reference', collection: 'trades', reference, key: '[2]' },
    ])
  })
})
