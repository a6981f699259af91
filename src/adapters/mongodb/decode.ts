/**
 * Raw BSON bytes → canonical text, by hand: the driver's own objects reorder integer-like keys, cut dates and round numbers. Whatever has no text that encodes
 * to the same bytes stands as `{"$bson":"<type>:<base64>"}`, so nothing is lost. docs/format.md has the table of forms.
 */
import { arrayText, stringText } from '../../model/canonical.ts'
import type { ValueText } from '../../model/canonical.ts'
import { BSON, typeName, valueEnd } from './bson-types.ts'
import { decimalText } from './decimal.ts'
import { nameFacts, nameAt, utf8 } from './names.ts'

/** The extent of one value inside the bytes it is part of. */
interface Extent {
  readonly start: number
  readonly end: number
}

type Pair = readonly [name: string, text: ValueText]

/** The canonical text of the value of element type `type` between `start` and `end`. */
export function valueText(bytes: Buffer, type: number, extent: Extent): ValueText {
  return plainText(bytes, type, extent) ?? rawText(bytes, type, extent)
}

/** `{"$bson":"string:AgAAAMAA"}`: the bytes themselves. */
export function rawText(bytes: Buffer, type: number, { start, end }: Extent): ValueText {
  return `{"$bson":"${typeName(type) ?? type}:${bytes.toString('base64', start, end)}"}`
}

/** The text of a value, or undefined where the bytes would not come back from it. */
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

/** Length-prefixed, zero-terminated UTF-8; undefined if it is not exactly that. */
function stringAt(bytes: Buffer, { start, end }: Extent): ValueText | undefined {
  if (bytes.readInt32LE(start) !== end - start - 4 || bytes[end - 1] !== 0) return undefined
  const value = utf8(bytes, start + 4, end - 1)
  return value === undefined ? undefined : stringText(value)
}

/** Bare only with a fraction, so that an integral double never looks like an int32. Of the many NaNs only the usual one has a text. */
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

/** Subtype 2 (old binary) repeats its length inside; Extended JSON leaves that out. */
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

/** `{…}` with bare names, `{"$doc":[[name,value],…]}` where a name would be ambiguous, undefined where the bytes are no well-formed document. */
function documentText(bytes: Buffer, extent: Extent): ValueText | undefined {
  const pairs = pairsAt(bytes, extent)
  if (pairs === undefined) return undefined
  if (!hasAmbiguousNames(pairs)) return plainObjectText(pairs)
  return `{"$doc":${pairsText(pairs)}}`
}

/** `[["a",1],["a",2]]`. */
export function pairsText(pairs: readonly Pair[]): ValueText {
  return arrayText(pairs.map(([name, text]) => arrayText([stringText(name), text])))
}

/** True if a name starts with `$`, looks like an integer, is `__proto__` or occurs twice: readers of JSON reorder, reject or misread such objects. */
export function hasAmbiguousNames(pairs: readonly Pair[]): boolean {
  if (pairs.some(([name]) => nameFacts(name).ambiguous)) return true
  if (pairs.length > 12) return new Set(pairs.map(([name]) => name)).size < pairs.length
  return pairs.some(([name], index) => pairs.findIndex(([other]) => other === name) !== index)
}

/** `{"a":1}`, where no name is ambiguous. */
export function plainObjectText(pairs: readonly Pair[]): ValueText {
  let text = ''
  for (const [name, value] of pairs) text += `${text === '' ? '{' : ','}${nameFacts(name).json}:${value}`
  return text === '' ? '{}' : `${text}}`
}

/** Names and values of a document in their order; undefined where it is not well formed or a name is no UTF-8. */
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

/** An array is a document with the names "0", "1", …; with any others only its bytes will do. */
function arrayAt(bytes: Buffer, extent: Extent): ValueText | undefined {
  const pairs = pairsAt(bytes, extent)
  if (pairs === undefined || pairs.some(([name], index) => name !== String(index))) return undefined
  return arrayText(pairs.map(([, text]) => text))
}
