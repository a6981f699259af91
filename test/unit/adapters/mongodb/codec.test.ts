/** BSON bytes to text and back: what servers at hand cannot store is proven here, on bytes. */
import { BSON } from 'mongodb'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitObject } from '../../../../src/model/canonical.ts'
import { decimalBytes, decimalText } from '../../../../src/adapters/mongodb/decimal.ts'
import { valueText } from '../../../../src/adapters/mongodb/decode.ts'
import { encodeValue } from '../../../../src/adapters/mongodb/encode.ts'
import {
  keyText,
  recordBytes,
  recordText,
  withLiveFields,
  withoutFields,
} from '../../../../src/adapters/mongodb/record.ts'

/** A value's type and bytes, made here independently of the codec. */
interface Raw {
  readonly type: number
  readonly bytes: Buffer
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

function document(elements: readonly (readonly [name: Buffer | string, value: Raw])[]): Buffer {
  const body = elements.map(([name, { type, bytes }]) =>
    Buffer.concat([Buffer.from([type]), Buffer.from(name), Buffer.from([0]), bytes]),
  )
  const length = body.reduce((sum, part) => sum + part.length, 5)
  return Buffer.concat([int32(length), ...body, Buffer.from([0])])
}

function string(bytes: Buffer | string): Buffer {
  const body = Buffer.from(bytes)
  return Buffer.concat([int32(body.length + 1), body, Buffer.from([0])])
}

const fixed = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes))
const someBytes = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes))
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => Buffer.from(value)),
  someBytes,
)
const noZero = text.map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)))
const name = fc.oneof(
  fc
    .constantFrom('a', 'b', 'c', '_id', '0', '10', '$oid', '$x', '__proto__', 'a.b', '', '01', '-1')
    .map((value) => Buffer.from(value)),
  noZero,
)
const of = (type: number, bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Raw> =>
  bytes.map((value) => ({ type, bytes: value }))
const double = fc.double().map((value) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
})

const leaf: fc.Arbitrary<Raw> = fc.oneof(
  of(0x01, fc.oneof(double, fixed(8))),
  of(0x02, text.map(string)),
  of(
    0x05,
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), someBytes)
      .map(([sub, data]) => Buffer.concat([int32(data.length), Buffer.from([sub]), data])),
  ),
  of(
    0x05,
    someBytes.map((data) => Buffer.concat([int32(data.length + 4), Buffer.from([2]), int32(data.length), data])),
  ),
  of(0x06, fc.constant(Buffer.alloc(0))),
  of(0x07, fixed(12)),
  of(
    0x08,
    fc.constantFrom(0, 1, 2).map((byte) => Buffer.from([byte])),
  ),
  of(0x09, fixed(8)),
  of(0x0a, fc.constant(Buffer.alloc(0))),
  of(
    0x0b,
    fc.tuple(noZero, noZero).map(([a, b]) => Buffer.concat([a, Buffer.from([0]), b, Buffer.from([0])])),
  ),
  of(
    0x0c,
    fc.tuple(text, fixed(12)).map(([namespace, id]) => Buffer.concat([string(namespace), id])),
  ),
  of(0x0d, text.map(string)),
  of(0x0e, text.map(string)),
  of(0x10, fixed(4)),
  of(0x11, fixed(8)),
  of(0x12, fixed(8)),
  of(0x13, fixed(16)),
  of(0x7f, fc.constant(Buffer.alloc(0))),
  of(0xff, fc.constant(Buffer.alloc(0))),
)

const { value: anyValue } = fc.letrec<{ value: Raw; document: Buffer }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    of(0x03, tie('document')),
    of(0x04, tie('document')),
    of(
      0x04,
      fc
        .array(tie('value'), { maxLength: 4 })
        .map((values) => document(values.map((one, i) => [String(i), one] as const))),
    ),
    of(
      0x0f,
      fc.tuple(text, tie('document')).map(([code, scope]) => {
        const body = Buffer.concat([string(code), scope])
        return Buffer.concat([int32(body.length + 4), body])
      }),
    ),
  ),
  document: fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map(document),
}))

function textOf({ type, bytes }: Raw): string {
  return valueText(bytes, type, { start: 0, end: bytes.length })
}

describe('the codec', () => {
  test('gives back every byte of every value', () => {
    fc.assert(
      fc.property(anyValue, (raw) => {
        expect(encodeValue(textOf(raw))).toEqual(raw)
      }),
      { numRuns: 600 },
    )
  })

  test('gives back every byte of every document with an _id, and its fields can be split', () => {
    const documents = fc
      .array(fc.tuple(name, anyValue), { maxLength: 6 })
      .chain((fields) =>
        fc
          .integer({ min: 0, max: fields.length })
          .chain((at) => anyValue.map((id) => document(fields.toSpliced(at, 0, [Buffer.from('_id'), id])))),
      )
    fc.assert(
      fc.property(documents, (bytes) => {
        const record = recordText(bytes)
        expect(recordBytes(record)).toEqual(bytes)
        expect(`[${splitObject(record).get('_id')}]`).toBe(keyText(bytes))
      }),
      { numRuns: 300 },
    )
  })

  test('reads damaged bytes without failing, and gives them back', () => {
    const damaged = fc.tuple(fc.array(fc.tuple(name, anyValue), { maxLength: 4 }).map(document), fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(damaged, ([bytes, at, byte]) => {
        const place = 4 + (at % Math.max(1, bytes.length - 5))
        const broken = Buffer.from(bytes)
        if (place < bytes.length) broken[place] = byte
        const raw = { type: 0x03, bytes: broken }
        expect(encodeValue(textOf(raw))).toEqual(raw)
      }),
      { numRuns: 300 },
    )
  })

  test('writes Extended JSON that the driver reads as the same bytes', () => {
    const common = fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double().map((value) => new BSON.Double(value)),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => BSON.Long.fromBigInt(value)),
      fixed(12).map((bytes) => new BSON.ObjectId(bytes)),
      fixed(5).map((bytes) => new BSON.Binary(bytes, 128)),
      fc.integer().map((ms) => new Date(ms)),
    )
    const fields = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(common, fc.array(common)))
    fc.assert(
      fc.property(fields, (value) => {
        const bytes = BSON.serialize({ _id: 1, ...value })
        const read = BSON.EJSON.parse(recordText(Buffer.from(bytes)), { relaxed: false }) as BSON.Document
        expect(BSON.serialize(read)).toEqual(bytes)
      }),
    )
  })
})

describe('forms', () => {
  const raw = (type: number, hex: string): Raw => ({ type, bytes: Buffer.from(hex, 'hex') })
  const forms: readonly (readonly [title: string, raw: Raw, text: string])[] = [
    ['an int32', raw(0x10, 'ffffffff'), '-1'],
    ['a long', raw(0x12, '0500000000000000'), '{"$numberLong":"5"}'],
    ['a double with a fraction', raw(0x01, '000000000000f83f'), '1.5'],
    ['an integral double', raw(0x01, '000000000000f03f'), '{"$numberDouble":"1.0"}'],
    ['a huge double', raw(0x01, '9c7500883ce4377e'), '{"$numberDouble":"1e+300"}'],
    ['minus zero', raw(0x01, '0000000000000080'), '{"$numberDouble":"-0.0"}'],
    ['NaN', raw(0x01, '000000000000f87f'), '{"$numberDouble":"NaN"}'],
    ['a NaN with a payload', raw(0x01, '010000000000f87f'), '{"$bson":"double:AQAAAAAA+H8="}'],
    ['infinity', raw(0x01, '000000000000f0ff'), '{"$numberDouble":"-Infinity"}'],
    ['a date beyond JavaScript', raw(0x09, 'ffffffffffffff7f'), '{"$date":{"$numberLong":"9223372036854775807"}}'],
    ['a string with a byte order mark', raw(0x02, '05000000efbbbf6100'), '"\ufeffa"'],
    ['a string that is no UTF-8', raw(0x02, '02000000ff00'), '{"$bson":"string:AgAAAP8A"}'],
    ['a string with a surrogate of its own', raw(0x02, '04000000eda08000'), '{"$bson":"string:BAAAAO2ggAA="}'],
    ['undefined', raw(0x06, ''), '{"$undefined":true}'],
    ['a symbol', raw(0x0e, '020000006100'), '{"$symbol":"a"}'],
    ['code', raw(0x0d, '020000006100'), '{"$code":"a"}'],
    ['code with scope', raw(0x0f, '0f0000000200000061000500000000'), '{"$code":"a","$scope":{}}'],
    [
      'a DBPointer',
      raw(0x0c, '020000006100' + '00'.repeat(12)),
      `{"$dbPointer":{"$ref":"a","$id":{"$oid":"${'00'.repeat(12)}"}}}`,
    ],
    ['old binary', raw(0x05, '050000000201000000ff'), '{"$binary":{"base64":"/w==","subType":"02"}}'],
    ['old binary with a wrong inner length', raw(0x05, '050000000202000000ff'), '{"$bson":"binData:BQAAAAICAAAA/w=="}'],
    ['a binary of a user', raw(0x05, '0100000080ff'), '{"$binary":{"base64":"/w==","subType":"80"}}'],
    ['a regular expression', raw(0x0b, '6100696d00'), '{"$regularExpression":{"pattern":"a","options":"im"}}'],
    ['options out of order', raw(0x0b, '61006d6900'), '{"$bson":"regex:YQBtaQA="}'],
    ['a timestamp', raw(0x11, '01000000ffffffff'), '{"$timestamp":{"t":4294967295,"i":1}}'],
    ['the smallest key', raw(0xff, ''), '{"$minKey":1}'],
    [
      'a document of repeated names',
      raw(
        0x03,
        document([
          ['a', raw(0x0a, '')],
          ['a', raw(0x0a, '')],
        ]).toString('hex'),
      ),
      '{"$doc":[["a",null],["a",null]]}',
    ],
    [
      'a document of operators',
      raw(0x03, document([['$oid', raw(0x0a, '')]]).toString('hex')),
      '{"$doc":[["$oid",null]]}',
    ],
    [
      'an array with other names',
      raw(0x04, document([['1', raw(0x0a, '')]]).toString('hex')),
      '{"$bson":"array:CAAAAAoxAAA="}',
    ],
  ]
  test.each(forms)('%s', (_, value, expected) => {
    expect(textOf(value)).toBe(expected)
    expect(encodeValue(expected)).toEqual(value)
  })

  test('decimals keep digits and exponent, as the driver prints them', () => {
    for (const decimal of [
      '0',
      '-0',
      '26.940',
      '1E+3',
      '0E-6176',
      '1E-6176',
      '9.999999999999999999999999999999999E+6144',
      '0.000001',
      '1E-7',
      'NaN',
      'Infinity',
      '-Infinity',
    ]) {
      const bytes = Buffer.from(new BSON.Decimal128(decimal).bytes)
      expect(decimalText(bytes, 0)).toBe(decimal)
      expect(decimalBytes(decimal)).toEqual(bytes)
    }
  })

  test('the driver and the codec agree on the bytes of random decimals', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 34n - 1n), max: 10n ** 34n - 1n }),
        fc.integer({ min: -6176, max: 6111 }),
        (digits, exponent) => {
          const decimal = new BSON.Decimal128(`${digits}E${exponent}`)
          expect(decimalText(Buffer.from(decimal.bytes), 0)).toBe(decimal.toString())
          expect(decimalBytes(decimal.toString())).toEqual(Buffer.from(decimal.bytes))
        },
      ),
    )
  })
})

describe('texts from outside are refused', () => {
  const refused = [
    '3000000000',
    '-0',
    '1.',
    '01',
    'nul',
    'True',
    '"\\ud800"',
    '{"$oid":"x"}',
    '{"$oid":"0123456789ABCDEF01234567"}',
    '{"$nothing":1}',
    '{"$numberLong":"9223372036854775808"}',
    '{"$numberLong":5}',
    '{"$numberDouble":"x"}',
    '{"$numberDecimal":"1E+7000"}',
    '{"$numberDecimal":"1E99999999999999999999"}',
    '{"$binary":{"base64":"=","subType":"00"}}',
    '{"$bson":"string:AAAA"}',
    '{"$bson":"nothing:"}',
    '{"$bson":"int:AQAAAAA="}',
    '{"$date":"2020"}',
    '{"$timestamp":{"t":-1,"i":0}}',
    '{"$regularExpression":{"pattern":"a\\u0000","options":""}}',
    '{"a\\u0000":1}',
    '{"$doc":[["a"]]}',
    '{"$minKey":2}',
    '['.repeat(300) + ']'.repeat(300),
    '{"a":1,"a":2}',
  ]
  test.each(refused.map((value) => [value.slice(0, 60), value]))('%s', (_, value) => {
    expect(() => encodeValue(value)).toThrow(SyntaxError)
  })

  test.each([
    '{"_id":1,"a":{"$numberDouble":"1.50"}}',
    '{"_id":1,"a":1.50}',
    '{"_id":1,"1":2}',
    '{"a":1}',
    '{"_id": 1}',
    '{"_id":1}x',
    '{"_id":1,"$doc":[["_id",2]]}',
  ])('the record %s is not in canonical form', (record) => {
    expect(() => recordBytes(record)).toThrow(SyntaxError)
  })
})

describe('records', () => {
  const bytes = (record: string): Buffer => recordBytes(record)

  test('keep their key in sight where names are ambiguous', () => {
    for (const record of [
      '{"_id":1,"$doc":[["5",1]]}',
      '{"_id":1,"$doc":[["5",1],["_id",1]]}',
      '{"_id":{"$doc":[["1",1]]},"a":1}',
    ]) {
      expect(recordText(bytes(record))).toBe(record)
    }
  })

  test('lose omitted fields and get them back where they were', () => {
    const live = bytes('{"_id":1,"secret":"x","a":1,"token":"y","b":2}')
    expect(recordText(withoutFields(live, ['secret', 'token']))).toBe('{"_id":1,"a":1,"b":2}')
    const merged = withLiveFields(bytes('{"_id":1,"b":3,"a":1,"c":4}'), live, ['secret', 'token', 'absent'])
    expect(recordText(merged)).toBe('{"_id":1,"secret":"x","b":3,"a":1,"token":"y","c":4}')
  })

  test('never take an omitted field from the plan', () => {
    const merged = withLiveFields(bytes('{"_id":1,"secret":"theirs"}'), bytes('{"_id":1,"secret":"mine"}'), ['secret'])
    expect(recordText(merged)).toBe('{"_id":1,"secret":"mine"}')
  })
})
