import { array, assert, constantFrom, dictionary, jsonValue, nat, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { plainKey } from '../../../src/format/plain-key.ts'
import { keyOf, splitObject } from '../../../src/model/canonical.ts'

test('the key of a record as adapters write it is found', () => {
  expect(plainKey('{"a":"x,\\"}","id":-1.5e+3,"t":{"b":[1,{"c":null}],"d":{}}}', ['id'])).toBe('[-1.5e+3]')
  expect(plainKey('{"b":"\\u00e4\\n","c":[true,false,[]]}', ['c', 'b'])).toBe('[[true,false,[]],"\\u00e4\\n"]')
  expect(plainKey('{"id":7,"tags":[1, {"a": 2, "b": []}]}', ['tags'])).toBe('[[1, {"a": 2, "b": []}]]')
})

test.each([
  ['no object', '[1]'],
  ['nothing', ''],
  ['an empty object', '{}'],
  ['a key field that is missing', '{"a":1}'],
  ['a field twice', '{"id":1,"id":2}'],
  ['a name with an escape', '{"i\\u0064":1}'],
  ['white space', '{"id": 1}'],
  ['a text behind it', '{"id":1}}'],
  ['a comma too many', '{"id":1,}'],
  ['a number with a leading zero', '{"id":01}'],
  ['a number without digits', '{"id":-}'],
  ['a number that ends in its point', '{"id":1.}'],
  ['a number that ends in its exponent', '{"id":1e}'],
  ['a word that JSON does not have', '{"id":nul}'],
  ['a control character in a string', '{"id":"a\tb"}'],
  ['an unknown escape', '{"id":"\\x41"}'],
  ['a cut escape', '{"id":"\\u12"}'],
  ['an open string', '{"id":"a'],
  ['a list without its end', '{"id":[1,2}'],
  ['a list that ends in a comma', '{"id":[1,]}'],
  ['an object without values', '{"id":{"a"}}'],
])('%s is left to the long way', (_, text) => {
  expect(plainKey(text, ['id'])).toBeUndefined()
})

test('what is found is what JSON.parse and splitObject find, whatever is changed in the text', () => {
  const names = constantFrom('a', 'b', 'id', 'k', '\u00e4', 'z')
  const record = dictionary(names, jsonValue({ maxDepth: 3 }), { minKeys: 1 })
  const edit = tuple(nat(), constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', '0', '-', '.', 'e', ' ', '\n'))
  assert(
    property(record, array(edit, { maxLength: 2 }), (fields, edits) => {
      let text = JSON.stringify(fields)
      for (const [place, character] of edits) {
        const at = place % text.length
        text = text.slice(0, at) + character + text.slice(at + (place % 2))
      }
      const key = Object.keys(fields).slice(0, 2)
      const found = plainKey(text, key)
      if (found === undefined) return edits.length > 0
      JSON.parse(text)
      return found === keyOf(splitObject(text), key)
    }),
    { numRuns: 1000 },
  )
})
