/** Which fields a migration renamed, as far as the records tell. */
import { expect, test } from 'vitest'
import { type CollectionVersion, renamedFields } from '../../../src/merge/renamed-fields.ts'

/** A version of a collection whose fields are all text, unless the name says otherwise: `n:int4`. */
function version(names: readonly string[], ...records: readonly Record<string, string>[]): CollectionVersion {
  const fields = names.map((name) => {
    const [own = '', type = 'text'] = name.split(':')
    return { name: own, type }
  })
  const texts = records.map((record, i) => [`[${i}]`, JSON.stringify(record)] as const)
  return {
    schema: { name: 't', fields, key: ['id'], uniques: [], references: [], order: 'sorted' },
    records: new Map(texts),
  }
}

test('a field that holds what another of its type held was renamed, also where a few records were edited since', () => {
  const base = version(['id', 'phone'], { phone: '1' }, { phone: '2' }, { phone: '3' }, {})
  const side = version(['id', 'tel'], { tel: '1' }, { tel: '2' }, { tel: 'new' }, { tel: '4' })
  expect([...renamedFields(base, side)]).toEqual([['phone', 'tel']])
})

test('a field that holds something else, or is of another type, was added, and the other was dropped', () => {
  const base = version(['id', 'phone'], { phone: '1' }, { phone: '2' })
  expect(renamedFields(base, version(['id', 'tel'], { tel: 'x' }, { tel: 'y' })).size).toBe(0)
  expect(renamedFields(base, version(['id', 'tel:int4'], { tel: '1' }, { tel: '2' })).size).toBe(0)
})

test('of several fields that fit, the one that most records speak for is taken, and none where they speak for both alike', () => {
  const base = version(['id', 'a', 'b'], { a: '1', b: '9' }, { a: '2', b: '2' })
  const side = version(['id', 'c', 'd'], { c: '9', d: '1' }, { c: '2', d: '2' })
  expect(new Map(renamedFields(base, side))).toEqual(
    new Map([
      ['a', 'd'],
      ['b', 'c'],
    ]),
  )
  const alike = version(['id', 'c', 'd'], { c: '1', d: '1' }, { c: '2', d: '2' })
  expect(renamedFields(version(['id', 'a'], { a: '1' }, { a: '2' }), alike).size).toBe(0)
})

test('without a value anywhere, one field that went and one of its type that came are the same', () => {
  expect([...renamedFields(version(['id', 'a'], {}), version(['id', 'c'], {}))]).toEqual([['a', 'c']])
  expect(renamedFields(version(['id', 'a', 'b'], {}), version(['id', 'c'], {})).size).toBe(0)
})
