import { array, assert, constantFrom, jsonValue, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { seeker } from '../../../../src/merge/constraints/seek.ts'
import { asWritten, comparable, tupleOf } from '../../../../src/merge/tuple.ts'

const value = constantFrom<unknown[]>(
  'e1',
  'a"b',
  'x\\',
  5,
  '5',
  5.5,
  null,
  true,
  '',
  { email: 'e1' },
  ['e1'],
  ', "email":"e1"',
)
const documents = array(
  record({ email: value, note: jsonValue({ maxDepth: 2 }), other: value, 'a"b': value }, { requiredKeys: [] }),
  { minLength: 1, maxLength: 5 },
)

test('finds exactly the records that a full look would find', () => {
  assert(
    property(documents, constantFrom(['email'], ['other', 'email'], ['a"b']), (all, fields) => {
      const texts = all.map((each) => JSON.stringify(each))
      for (const form of [undefined, comparable]) {
        const held = texts.map((text) => tupleOf(text, fields, form ?? asWritten))
        const sought = new Set(held.slice(0, 2).flatMap((each) => each ?? []))
        const seek = seeker({ fields, values: sought, ...(form === undefined ? {} : { form }) })
        const expected = held.map((each) => (each !== undefined && sought.has(each) ? each : undefined))
        expect(texts.map(seek)).toEqual(expected)
      }
    }),
  )
})
