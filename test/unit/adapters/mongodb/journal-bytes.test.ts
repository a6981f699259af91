/** The journal's bytes: what goes in comes out, whatever its size, and half a journal is never taken for a whole one. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeJournal, encodeJournal } from '../../../../src/adapters/mongodb/journal-bytes.ts'

const bytes = fc.uint8Array({ maxLength: 30 }).map((value) => Buffer.from(value))
const content = fc.record({
  state: fc.array(fc.tuple(fc.string(), fc.option(fc.string(), { nil: undefined }))).map((entries) => new Map(entries)),
  writes: fc.array(
    fc.record({
      collection: fc.string(),
      key: fc.string(),
      id: bytes,
      moved: fc.boolean(),
      collated: fc.boolean(),
      before: fc.option(bytes, { nil: undefined }),
      after: fc.option(bytes, { nil: undefined }),
    }),
  ),
})

test('every content comes back', () => {
  fc.assert(
    fc.property(content, (value) => {
      expect(decodeJournal(Buffer.concat(encodeJournal(value)))).toEqual(value)
    }),
  )
})

test('images larger than a piece are cut and joined again', () => {
  const image = Buffer.alloc(10 * 1024 * 1024, 'abc')
  const write = {
    collection: 'c',
    key: '[1]',
    id: image.subarray(0, 5),
    moved: true,
    collated: false,
    before: image,
    after: undefined,
  }
  const pieces = encodeJournal({ writes: [write], state: new Map() })
  expect(pieces.map((piece) => piece.length <= 4 * 1024 * 1024)).toEqual([true, true, true])
  expect(decodeJournal(Buffer.concat(pieces)).writes[0]?.before?.equals(image)).toBe(true)
})

test('a journal cut short is refused', () => {
  const write = {
    collection: 'c',
    key: '[1]',
    id: Buffer.from('id'),
    moved: false,
    collated: false,
    before: Buffer.from('b'),
    after: Buffer.from('a'),
  }
  const whole = Buffer.concat(encodeJournal({ writes: [write], state: new Map([['a', 'b']]) }))
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.subarray(0, length)
    if (length === lengthOfState()) continue
    expect(() => decodeJournal(cut)).toThrow(RangeError)
  }

  /** Cut there it is a whole journal without writes; the head's size tells them apart. */
  function lengthOfState(): number {
    return Buffer.concat(encodeJournal({ writes: [], state: new Map([['a', 'b']]) })).length
  }
})
