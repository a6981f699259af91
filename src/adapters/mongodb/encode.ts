/**
 * From canonical text to raw BSON bytes, the opposite of decode.ts. Values are not converted to JavaScript numbers or dates on the way, which would change some. The
 * text comes from outside, so every form is checked.
 *
 * Longer than other files because it has one short function for each form of a value.
 */
import { type ValueText, kindOf, splitArray, splitObject } from '../../model/canonical.ts'
import { BSON, typeNumber, valueEnd } from './bson-types.ts'
import { decimalBytes } from './decimal.ts'

/** A BSON value: its element type, and its bytes, which in an element follow the name. */
export interface BsonValue {
  readonly type: number
  readonly bytes: Buffer
}

/** MongoDB stores documents up to 180 levels deep (`BSONDepth` in the server's sources). Deeper text is refused here before the recursion can exhaust the stack. */
const MAX_DEPTH = 200

const NONE = Buffer.alloc(0)

/**
 * The BSON value of a canonical text.
 * @throws SyntaxError when the text is not in one of the forms that decode.ts writes
 */
export function encodeValue(text: ValueText, depth = 0): BsonValue {
  if (depth > MAX_DEPTH) throw new SyntaxError(`a value is nested deeper than ${MAX_DEPTH} levels`)
  switch (kindOf(text)) {
    case 'string':
      return { type: BSON.string, bytes: stringBytes(parseString(text)) }
    case 'number':
      return encodeNumber(text)
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw unknownForm(text)
      return { type: BSON.bool, bytes: Buffer.from([text === 'true' ? 1 : 0]) }
    case 'null':
      if (text !== 'null') throw unknownForm(text)
      return { type: BSON.null, bytes: NONE }
    case 'array':
      return { type: BSON.array, bytes: arrayBytes(splitArray(text), depth) }
    default:
      return encodeObject(splitObject(text), text, depth)
  }
}

/** The bytes of a document with these elements (see `elementBytes`), in their order. */
export function documentBytes(elements: readonly Buffer[]): Buffer {
  const length = elements.reduce((sum, element) => sum + element.length, 5)
  const head = Buffer.alloc(4)
  head.writeInt32LE(length)
  return Buffer.concat([head, ...elements, Buffer.from([0])], length)
}

/**
 * The bytes of one element of a document: type, name, value.
 * @throws SyntaxError when the name holds a zero byte
 */
export function elementBytes(name: string, value: BsonValue): Buffer {
  return Buffer.concat([Buffer.from([value.type]), cstring(name), value.bytes])
}

/** The bytes of each element of `[[name,value],…]`. @throws SyntaxError when the text is no such list */
export function pairElements(text: ValueText, depth = 0): Buffer[] {
  return splitArray(text).map((pair) => {
    const [name, value, ...rest] = splitArray(pair)
    if (name === undefined || value === undefined || rest.length > 0) throw unknownForm(pair)
    return elementBytes(parseString(name), encodeValue(value, depth + 1))
  })
}

/** The bytes of the element of each field. @throws SyntaxError when a value is not in one of the forms that decode.ts writes */
export function objectElements(fields: Iterable<readonly [string, ValueText]>, depth = 0): Buffer[] {
  return [...fields].map(([name, value]) => elementBytes(name, encodeValue(value, depth + 1)))
}

function arrayBytes(values: readonly ValueText[], depth: number): Buffer {
  return documentBytes(values.map((value, index) => elementBytes(String(index), encodeValue(value, depth + 1))))
}

/** A bare number: an int32, or a double if it has a fraction or an exponent. Other kinds of numbers are written as typed values. */
function encodeNumber(text: ValueText): BsonValue {
  if (/^-?(?:0|[1-9]\d*)$/.test(text)) {
    const value = Number(text)
    if (value !== Math.trunc(value) || value < -2_147_483_648 || value > 2_147_483_647 || text === '-0') {
      throw new SyntaxError(`${text} is no int32; a larger integer stands as {"$numberLong":"…"}`)
    }
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    return { type: BSON.int, bytes }
  }
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) throw unknownForm(text)
  return { type: BSON.double, bytes: doubleBytes(Number(text)) }
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

function encodeObject(fields: ReadonlyMap<string, ValueText>, text: ValueText, depth: number): BsonValue {
  const [first] = fields.keys()
  if (!first?.startsWith('$')) return { type: BSON.object, bytes: documentBytes(objectElements(fields, depth)) }
  if (first === '$code' && fields.size === 2) return scopedCode(fields, depth)
  const encode = typed.get(first)
  if (encode === undefined || fields.size !== 1) throw unknownForm(text)
  return encode(fields.get(first) ?? '', depth)
}

type Encode = (text: ValueText, depth: number) => BsonValue

/** How typed values are encoded: by the name of their one field, from the text of its value. */
const typed: ReadonlyMap<string, Encode> = new Map<string, Encode>([
  ['$doc', (text, depth) => ({ type: BSON.object, bytes: documentBytes(pairElements(text, depth)) })],
  ['$bson', (text) => rawValue(parseString(text))],
  ['$oid', (text) => ({ type: BSON.objectId, bytes: objectIdBytes(text) })],
  ['$date', (text) => ({ type: BSON.date, bytes: longBytes(only(text, '$numberLong')) })],
  ['$numberLong', (text) => ({ type: BSON.long, bytes: longBytes(text) })],
  ['$numberDouble', (text) => ({ type: BSON.double, bytes: doubleBytes(doubleOf(parseString(text))) })],
  ['$numberDecimal', (text) => ({ type: BSON.decimal, bytes: decimalBytes(parseString(text)) })],
  ['$binary', (text) => ({ type: BSON.binData, bytes: binaryBytes(splitObject(text), text) })],
  ['$regularExpression', (text) => ({ type: BSON.regex, bytes: regexBytes(splitObject(text), text) })],
  ['$timestamp', (text) => ({ type: BSON.timestamp, bytes: timestampBytes(splitObject(text), text) })],
  ['$code', (text) => ({ type: BSON.javascript, bytes: stringBytes(parseString(text)) })],
  ['$symbol', (text) => ({ type: BSON.symbol, bytes: stringBytes(parseString(text)) })],
  ['$dbPointer', (text) => ({ type: BSON.dbPointer, bytes: dbPointerBytes(splitObject(text), text) })],
  ['$minKey', (text) => constant(text, '1', BSON.minKey)],
  ['$maxKey', (text) => constant(text, '1', BSON.maxKey)],
  ['$undefined', (text) => constant(text, 'true', BSON.undefined)],
])

function constant(text: ValueText, expected: string, type: number): BsonValue {
  if (text !== expected) throw unknownForm(text)
  return { type, bytes: NONE }
}

/** The value of an object's only field, which must have this name. @throws SyntaxError */
function only(text: ValueText, name: string): ValueText {
  const fields = splitObject(text)
  const value = fields.get(name)
  if (value === undefined || fields.size !== 1) throw unknownForm(text)
  return value
}

/** A value from its bytes, `object:BQAAAAA=`. They must have the length that their type and length prefix say, or the document around them would be damaged. */
function rawValue(text: string): BsonValue {
  const colon = text.indexOf(':')
  const type = typeNumber(text.slice(0, colon))
  const bytes = base64Bytes(text.slice(colon + 1))
  if (type === undefined || valueEnd(bytes, { type, start: 0, limit: bytes.length }) !== bytes.length) {
    throw unknownForm(`{"$bson":${JSON.stringify(text)}}`)
  }
  return { type, bytes }
}

function longBytes(text: ValueText): Buffer {
  const digits = parseString(text)
  const value = /^-?\d{1,19}$/.test(digits) ? BigInt(digits) : undefined
  if (value === undefined || BigInt.asIntN(64, value) !== value) throw new SyntaxError(`${text} is no 64-bit integer`)
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes
}

function doubleOf(text: string): number {
  if (!/^(?:NaN|-?Infinity|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.test(text))
    throw new SyntaxError(`${JSON.stringify(text)} is no double`)
  return Number(text)
}

function objectIdBytes(text: ValueText): Buffer {
  const hex = parseString(text)
  if (!/^[\da-f]{24}$/.test(hex)) throw new SyntaxError(`${text} is no ObjectId`)
  return Buffer.from(hex, 'hex')
}

function binaryBytes(fields: ReadonlyMap<string, ValueText>, text: ValueText): Buffer {
  const subType = parseString(fields.get('subType') ?? '')
  if (fields.size !== 2 || !/^[\da-f]{2}$/.test(subType)) throw unknownForm(text)
  const data = base64Bytes(parseString(fields.get('base64') ?? ''))
  const inner = subType === '02' ? Buffer.concat([int32Bytes(data.length), data]) : data
  return Buffer.concat([int32Bytes(inner.length), Buffer.from(subType, 'hex'), inner])
}

function base64Bytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new SyntaxError('not base64')
  return bytes
}

function regexBytes(fields: ReadonlyMap<string, ValueText>, text: ValueText): Buffer {
  if (fields.size !== 2) throw unknownForm(text)
  const parts = ['pattern', 'options'].map((name) => cstring(parseString(fields.get(name) ?? '')))
  return Buffer.concat(parts)
}

function timestampBytes(fields: ReadonlyMap<string, ValueText>, text: ValueText): Buffer {
  const bytes = Buffer.alloc(8)
  for (const [index, name] of ['i', 't'].entries()) {
    const digits = fields.get(name) ?? ''
    if (fields.size !== 2 || !/^\d{1,10}$/.test(digits) || Number(digits) > 4_294_967_295) throw unknownForm(text)
    bytes.writeUInt32LE(Number(digits), index * 4)
  }
  return bytes
}

function dbPointerBytes(fields: ReadonlyMap<string, ValueText>, text: ValueText): Buffer {
  if (fields.size !== 2) throw unknownForm(text)
  const id = objectIdBytes(only(fields.get('$id') ?? '', '$oid'))
  return Buffer.concat([stringBytes(parseString(fields.get('$ref') ?? '')), id])
}

function scopedCode(fields: ReadonlyMap<string, ValueText>, depth: number): BsonValue {
  const code = stringBytes(parseString(fields.get('$code') ?? ''))
  const scope = encodeValue(fields.get('$scope') ?? '', depth + 1)
  if (scope.type !== BSON.object) throw unknownForm(fields.get('$scope') ?? '')
  const bytes = Buffer.concat([int32Bytes(4 + code.length + scope.bytes.length), code, scope.bytes])
  return { type: BSON.javascriptWithScope, bytes }
}

function int32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

function stringBytes(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([int32Bytes(bytes.length + 1), bytes, Buffer.from([0])])
}

function cstring(value: string): Buffer {
  if (value.includes('\0'))
    throw new SyntaxError(`${JSON.stringify(value)} holds a zero byte, which BSON cannot store there`)
  return Buffer.from(`${value}\0`, 'utf8')
}

/** The content of a JSON string. One with a lone surrogate is refused: it has no UTF-8 form, and encoding it would replace the surrogate. @throws SyntaxError */
function parseString(text: ValueText): string {
  const value: unknown = kindOf(text) === 'string' ? JSON.parse(text) : undefined
  if (typeof value !== 'string' || /\p{Surrogate}/u.test(value)) throw unknownForm(text)
  return value
}

function unknownForm(text: ValueText): SyntaxError {
  return new SyntaxError(`${text.length > 80 ? `${text.slice(0, 80)}…` : text} is not a form of a value`)
}
