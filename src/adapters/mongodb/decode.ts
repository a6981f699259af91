/**
 * From raw BSON bytes to canonical text. The driver's own objects are not used, because they reorder names that look like integers, cut dates off and round numbers.
 * A value without a text that encodes to the same bytes again is written as its bytes, `{"$bson":"<type>:<base64>"}`. docs/format.md has the table of forms.
 */
import { type ValueText, arrayText, stringText } from '../../model/canonical.ts'
import { pairsText } from '../../model/documents.ts'
import { BSON, typeName, valueEnd } from './bson-types.ts'
import { decimalText } from './decimal.ts'
import { nameAt, nameFacts, utf8 } from './names.ts'

/** Where a value is in the bytes of a document: from `start` up to, but not including, `end`. */
interface Extent {
  readonly start: number
  readonly end: number
}

/** A field: its name and the canonical text of its value. */
type Pair = readonly [name: string, text: ValueText]

/** The canonical text of a value of the element type `type`. */
export function valueText(bytes: Buffer, type: number, extent: Extent): ValueText {
  return plainText(bytes, type, extent) ?? rawText(bytes, type, extent)
}

/** A value as its bytes: `{"$bson":"string:AgAAAMAA"}`. */
export function rawText(bytes: Buffer, type: number, { start, end }: Extent): ValueText {
  return `{"$bson":"${typeName(type) ?? type}:${bytes.toString('base64', start, end)}"}`
}

/** The text of a value; undefined where encoding it would not give the same bytes again. */
function plainText(bytes: Buffer, type: number, extent: Extent): ValueText | undefined {
  switch (type) {
    case BSON.string:
      return stringAt(bytes, extent)
    case BSON.int:
      return String(bytes.readInt32LE(extent.start))
    case BSON.object:
      return documentText(bytes, extent)
    case BSON.array:
      return arrayAt(bytes, extent)
    case BSON.double:
      return doubleAt(bytes, extent.start)
    case BSON.objectId:
      return `{"$oid":"${bytes.toString('hex', extent.start, extent.end)}"}`
    case BSON.date:
      return `{"$date":{"$numberLong":"${bytes.readBigInt64LE(extent.start)}"}}`
    case BSON.long:
      return `{"$numberLong":"${bytes.readBigInt64LE(extent.start)}"}`
    case BSON.null:
      return 'null'
    case BSON.bool:
      return ['false', 'true'][bytes[extent.start] ?? 2]
    default:
      return rareText(bytes, type, extent)
  }
}

function rareText(bytes: Buffer, type: number, { start, end }: Extent): ValueText | undefined {
  switch (type) {
    case BSON.binData:
      return binaryAt(bytes, { start, end })
    case BSON.decimal: {
      const text = decimalText(bytes, start)
      return text === undefined ? undefined : `{"$numberDecimal":"${text}"}`
    }
    case BSON.regex:
      return regexAt(bytes, start)
    case BSON.timestamp:
      return `{"$timestamp":{"t":${bytes.readUInt32LE(start + 4)},"i":${bytes.readUInt32LE(start)}}}`
    case BSON.minKey:
      return '{"$minKey":1}'
    case BSON.maxKey:
      return '{"$maxKey":1}'
    case BSON.undefined:
      return '{"$undefined":true}'
    case BSON.javascript:
      return wrapped('$code', stringAt(bytes, { start, end }))
    case BSON.symbol:
      return wrapped('$symbol', stringAt(bytes, { start, end }))
    case BSON.dbPointer: {
      const id = bytes.toString('hex', end - 12, end)
      const namespace = stringAt(bytes, { start, end: end - 12 })
      return namespace && `{"$dbPointer":{"$ref":${namespace},"$id":{"$oid":"${id}"}}}`
    }
    case BSON.javascriptWithScope:
      return scopedCodeAt(bytes, { start, end })
    default:
      return undefined
  }
}

function wrapped(name: string, text: ValueText | undefined): ValueText | undefined {
  return text === undefined ? undefined : `{"${name}":${text}}`
}

/** The JSON string of a BSON string; undefined unless it is a length, valid UTF-8 of that length, and a zero byte. */
function stringAt(bytes: Buffer, { start, end }: Extent): ValueText | undefined {
  if (bytes.readInt32LE(start) !== end - start - 4 || bytes[end - 1] !== 0) return undefined
  const value = utf8(bytes, start + 4, end - 1)
  return value === undefined ? undefined : stringText(value)
}

/** A bare number only if it has a fraction, so that a double without one cannot be taken for an int32. Undefined for a NaN with other bytes than the usual ones. */
function doubleAt(bytes: Buffer, start: number): ValueText | undefined {
  const value = bytes.readDoubleLE(start)
  if (!Number.isInteger(value)) {
    if (Number.isFinite(value)) return String(value)
    if (!Number.isNaN(value)) return `{"$numberDouble":"${value}"}`
    return bytes.readBigUInt64LE(start) === 0x7ff8_0000_0000_0000n ? '{"$numberDouble":"NaN"}' : undefined
  }
  if (Object.is(value, -0)) return '{"$numberDouble":"-0.0"}'
  const text = String(value)
  return `{"$numberDouble":"${text.includes('e') ? text : `${text}.0`}"}`
}

/** Binary data. Subtype 2 (old binary) has its length once more inside, which Extended JSON leaves out; undefined if that length is wrong. */
function binaryAt(bytes: Buffer, { start, end }: Extent): ValueText | undefined {
  const subType = bytes[start + 4] ?? 0
  let from = start + 5
  if (subType === 2) {
    if (end - from < 4 || bytes.readInt32LE(from) !== end - from - 4) return undefined
    from += 4
  }
  const base64 = bytes.toString('base64', from, end)
  return `{"$binary":{"base64":"${base64}","subType":"${subType.toString(16).padStart(2, '0')}"}}`
}

function regexAt(bytes: Buffer, start: number): ValueText | undefined {
  const middle = bytes.indexOf(0, start)
  const pattern = utf8(bytes, start, middle)
  const options = utf8(bytes, middle + 1, bytes.indexOf(0, middle + 1))
  if (pattern === undefined || options === undefined || options.split('').sort().join('') !== options) return undefined
  return `{"$regularExpression":{"pattern":${stringText(pattern)},"options":${stringText(options)}}}`
}

function scopedCodeAt(bytes: Buffer, { start, end }: Extent): ValueText | undefined {
  const scope = valueEnd(bytes, { type: BSON.javascript, start: start + 4, limit: end })
  if (scope < 0 || valueEnd(bytes, { type: BSON.object, start: scope, limit: end }) !== end) return undefined
  const code = stringAt(bytes, { start: start + 4, end: scope })
  return code && `{"$code":${code},"$scope":${valueText(bytes, BSON.object, { start: scope, end })}}`
}

/** `{…}` of a document, or `{"$doc":[[name,value],…]}` where a name would be ambiguous in JSON; undefined where the bytes are no well-formed document. */
function documentText(bytes: Buffer, extent: Extent): ValueText | undefined {
  const pairs = pairsAt(bytes, extent)
  if (pairs === undefined) return undefined
  if (!hasAmbiguousNames(pairs)) return plainObjectText(pairs)
  return `{"$doc":${pairsText(pairs)}}`
}

/** True if a name starts with `$`, looks like an integer, is `__proto__` or occurs twice: readers of JSON would reorder, refuse or misread such an object. */
export function hasAmbiguousNames(pairs: readonly Pair[]): boolean {
  if (pairs.some(([name]) => nameFacts(name).ambiguous)) return true
  if (pairs.length > 12) return new Set(pairs.map(([name]) => name)).size < pairs.length
  return pairs.some(([name], index) => pairs.findIndex(([other]) => other === name) !== index)
}

/** Fields as an object, `{"a":1}`; only for names that are not ambiguous. */
export function plainObjectText(pairs: readonly Pair[]): ValueText {
  let text = ''
  for (const [name, value] of pairs) text += `${text === '' ? '{' : ','}${nameFacts(name).json}:${value}`
  return text === '' ? '{}' : `${text}}`
}

/** The fields of a document in their order; undefined where the document is not well formed or a name is not UTF-8. */
export function pairsAt(bytes: Buffer, extent: Extent): Pair[] | undefined {
  const last = extent.end - 1
  if (bytes.readInt32LE(extent.start) !== extent.end - extent.start || bytes[last] !== 0) return undefined
  const pairs: Pair[] = []
  let at = extent.start + 4
  while (at < last) {
    const type = bytes[at] ?? 0
    const name = nameAt(bytes, at + 1)
    const start = at + 2 + (name?.length ?? last)
    if (name === undefined || start > last) return undefined
    const end = valueEnd(bytes, { type, start, limit: last })
    if (end < 0) return undefined
    pairs.push([name.text, valueText(bytes, type, { start, end })])
    at = end
  }
  return pairs
}

/** The text of an array. BSON stores it as a document with the names "0", "1" …; undefined where the names are others, as no JSON array could keep them. */
function arrayAt(bytes: Buffer, extent: Extent): ValueText | undefined {
  const pairs = pairsAt(bytes, extent)
  if (pairs === undefined || pairs.some(([name], index) => name !== String(index))) return undefined
  return arrayText(pairs.map(([, text]) => text))
}
