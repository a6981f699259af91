import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  arrayText,
  compareBytes,
  isTypedValue,
  keyHash,
  keyOf,
  kindOf,
  objectText,
  orderFreeText,
  recordHash,
  sameRecord,
  sortedObjectText,
  splitArray,
  splitObject,
  stringText,
} from '../../../src/model/canonical.ts'

describe('splitting an object', () => {
  test('gives its values as they are written, in their order', () => {
    const text = '{"b":26.940,"a":"x, y: {","c":{"d":[1,{"e":"]"}]},"e":-0.0,"f":1e400,"g":""}'
    expect([...splitObject(text)]).toEqual([
      ['b', '26.940'],
      ['a', '"x, y: {"'],
      ['c', '{"d":[1,{"e":"]"}]}'],
      ['e', '-0.0'],
      ['f', '1e400'],
      ['g', '""'],
    ])
  })

  test('keeps white space inside nested values and drops it between tokens', () => {
    expect([...splitObject(' { "a" : {"b": 1, "c": [1, 2]} , "d" : 2 } \n')]).toEqual([
      ['a', '{"b": 1, "c": [1, 2]}'],
      ['d', '2'],
    ])
  })

  test('reads escaped quotes and backslashes in names and values', () => {
    const text = String.raw`{"a\"b":"c\\","d":"\\\"","é":"\u00e9"}`
    expect([...splitObject(text)]).toEqual([
      ['a"b', String.raw`"c\\"`],
      ['d', String.raw`"\\\""`],
      ['é', String.raw`"\u00e9"`],
    ])
  })

  test('keeps __proto__ and integer-like names as ordinary fields in their order', () => {
    const text = '{"b":1,"__proto__":2,"10":3,"9":4}'
    expect(objectText(splitObject(text))).toBe(text)
  })

  test('of no fields is empty', () => {
    expect(splitObject(' { } ').size).toBe(0)
  })

  test.each([
    '',
    '[1]',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1',
    '{"a":1,}',
    '{,}',
    '{"a":1 2}',
    '{"a":1}}',
    '{"a":1} x',
    '{"a":1,"a":2}',
    '{1:2}',
    '{"a:1}',
    '{"a":[1}',
    '{"a":"b"c"}',
  ])('refuses %s', (text) => {
    expect(() => splitObject(text)).toThrow(SyntaxError)
  })
})

describe('splitting an array', () => {
  test('gives its elements as they are written', () => {
    expect(splitArray('[1.0,"a,]", {"b":[2]} ,[[]],null]')).toEqual(['1.0', '"a,]"', '{"b":[2]}', '[[]]', 'null'])
    expect(splitArray('[ ]')).toEqual([])
  })

  test.each(['', '{}', '[', '[1', '[1,]', '[1 2]', '[1]]'])('refuses %s', (text) => {
    expect(() => splitArray(text)).toThrow(SyntaxError)
  })
})

describe('any JSON value', () => {
  test('is put together again exactly as it was taken apart', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value)
        expect(objectText(splitObject(text))).toBe(text)
        const spaced = JSON.stringify(value, undefined, 2)
        expect([...splitObject(spaced).keys()]).toEqual([...splitObject(text).keys()])
        for (const part of splitObject(spaced).values()) expect(() => JSON.parse(part)).not.toThrow()
      }),
      { numRuns: 1000 },
    )
  })

  test('in an array is put together again exactly as it was taken apart', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const text = JSON.stringify(values)
        expect(arrayText(splitArray(text))).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the order of bytes', () => {
  test('is that of the UTF-8 encoding', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
      { numRuns: 2000 },
    )
  })

  test('puts characters beyond U+FFFF after all others', () => {
    expect(compareBytes('\u{1f600}', '\uffee')).toBeGreaterThan(0)
    expect(compareBytes('\u{1f600}', '\u{1f601}')).toBeLessThan(0)
    expect(compareBytes('a', 'ab')).toBeLessThan(0)
    expect(compareBytes('ab', 'ab')).toBe(0)
  })

  test('sorts the fields of a record', () => {
    expect(
      sortedObjectText([
        ['b', '1'],
        ['\u{1f600}', '2'],
        ['B', '3'],
        ['\uffee', '4'],
      ]),
    ).toBe('{"B":3,"b":1,"\uffee":4,"\u{1f600}":2}')
  })
})

describe('kinds of values', () => {
  test('are told by the first character', () => {
    expect(['{}', '[]', '"a"', '-1', '0.5', 'true', 'false', 'null'].map(kindOf)).toEqual([
      'object',
      'array',
      'string',
      'number',
      'number',
      'boolean',
      'boolean',
      'null',
    ])
  })

  test('are typed where the first name starts with a dollar sign', () => {
    expect(['{"$oid":"a"}', '{ "$real": "1.0"}', '{"$doc":[]}'].map(isTypedValue)).toEqual([true, true, true])
    expect(['{}', '{"a":1,"$b":2}', '[{"$oid":"a"}]', '"{\\"$oid\\""'].map(isTypedValue)).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  test('of text are escaped as JSON, lone surrogates too', () => {
    expect(stringText('a"\\\n\u2028é\ud800')).toBe('"a\\"\\\\\\n\u2028é\\ud800"')
  })
})

describe('equality of records', () => {
  test('is that of bytes where fields are sorted', () => {
    expect(sameRecord('{"a":1,"b":2}', '{"b":2,"a":1}', 'sorted')).toBe(false)
    expect(sameRecord('{"a":26.940}', '{"a":26.94}', 'sorted')).toBe(false)
  })

  test('leaves out the order of fields at every depth where order is kept, but not the order of elements', () => {
    const one = '{"_id":1,"d":{"x":[{"p":1,"q":2}],"y":1}}'
    expect(sameRecord(one, '{"d":{"y":1,"x":[{"q":2,"p":1}]},"_id":1}', 'kept')).toBe(true)
    expect(sameRecord('{"a":[1,2]}', '{"a":[2,1]}', 'kept')).toBe(false)
  })

  test('does not open typed values', () => {
    expect(orderFreeText('{"b":{"$regex":"x","$options":"i"},"a":1}')).toBe('{"a":1,"b":{"$regex":"x","$options":"i"}}')
  })

  test('knows absence', () => {
    expect(sameRecord(undefined, undefined, 'kept')).toBe(true)
    expect(sameRecord(undefined, '{}', 'kept')).toBe(false)
  })
})

describe('keys and hashes', () => {
  test('a key is the array of its fields’ texts in key order, absent ones null', () => {
    expect(keyOf(splitObject('{"a":"x","b":26.940}'), ['b', 'a', 'c'])).toBe('[26.940,"x",null]')
  })

  test('a record’s hash is free of field order where that is kept, and only there', () => {
    expect(recordHash('{"b":1,"a":2}', 'kept')).toBe(recordHash('{"a":2,"b":1}', 'kept'))
    expect(recordHash('{"b":1,"a":2}', 'sorted')).not.toBe(recordHash('{"a":2,"b":1}', 'sorted'))
  })

  test('hashes are xxh64 with seed 0, as published for the empty text and for abc', () => {
    expect(recordHash('', 'sorted')).toBe('ef46db3751d8e999')
    expect(recordHash('abc', 'sorted')).toBe('44bc2cf5ad770999')
    expect(keyHash('abc')).toBe(0x44bc2cf5ad770999n)
  })
})
