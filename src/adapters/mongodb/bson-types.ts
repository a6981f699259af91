/**
 * The element types of BSON and how long each value is: what decoding and encoding both need and nothing else. Source: https://bsonspec.org/spec.html and the
 * `$type` aliases of the MongoDB manual.
 */

/** Element type numbers, by the manual's `$type` alias. */
export const BSON = {
  double: 0x01,
  string: 0x02,
  object: 0x03,
  array: 0x04,
  binData: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  bool: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  dbPointer: 0x0c,
  javascript: 0x0d,
  symbol: 0x0e,
  javascriptWithScope: 0x0f,
  int: 0x10,
  timestamp: 0x11,
  long: 0x12,
  decimal: 0x13,
  maxKey: 0x7f,
  minKey: 0xff,
} as const

/** The longest document that MongoDB stores, in bytes (manual, "MongoDB Limits"). */
export const MAX_DOCUMENT_BYTES: number = 16 * 1024 * 1024

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(BSON))
const names: ReadonlyMap<number, string> = new Map(Object.entries(BSON).map(([name, number]) => [number, name]))

/** The alias of an element type (`binData`), or undefined for a number that BSON does not know. */
export function typeName(type: number): string | undefined {
  return names.get(type)
}

/** The element type of an alias, or undefined. */
export function typeNumber(name: string): number | undefined {
  return numbers.get(name)
}

/**
 * Where the value that starts at `start` ends, told by its type and length prefix; -1 if it does not fit before `limit` or the type is unknown. Says nothing
 * about whether the inside is well formed.
 */
export function valueEnd(
  bytes: Buffer,
  at: { readonly type: number; readonly start: number; readonly limit: number },
): number {
  const length = valueLength(bytes, at)
  return length < 0 || at.start + length > at.limit ? -1 : at.start + length
}

function valueLength(
  bytes: Buffer,
  at: { readonly type: number; readonly start: number; readonly limit: number },
): number {
  switch (at.type) {
    case BSON.undefined:
    case BSON.null:
    case BSON.minKey:
    case BSON.maxKey:
      return 0
    case BSON.bool:
      return 1
    case BSON.int:
      return 4
    case BSON.double:
    case BSON.date:
    case BSON.timestamp:
    case BSON.long:
      return 8
    case BSON.objectId:
      return 12
    case BSON.decimal:
      return 16
    case BSON.regex:
      return regexLength(bytes, at)
    default:
      return prefixedLength(bytes, at)
  }
}

/** Types that begin with their own length; what that length counts differs from type to type. */
function prefixedLength(
  bytes: Buffer,
  at: { readonly type: number; readonly start: number; readonly limit: number },
): number {
  if (at.start + 4 > at.limit) return -1
  const prefix = bytes.readInt32LE(at.start)
  switch (at.type) {
    case BSON.string:
    case BSON.javascript:
    case BSON.symbol:
      return prefix < 1 ? -1 : 4 + prefix
    case BSON.dbPointer:
      return prefix < 1 ? -1 : 4 + prefix + 12
    case BSON.binData:
      return prefix < 0 ? -1 : 5 + prefix
    case BSON.object:
    case BSON.array:
      return prefix < 5 ? -1 : prefix
    case BSON.javascriptWithScope:
      return prefix < 14 ? -1 : prefix
    default:
      return -1
  }
}

/** Two strings, each up to its zero byte. */
function regexLength(bytes: Buffer, at: { readonly start: number; readonly limit: number }): number {
  const pattern = bytes.indexOf(0, at.start)
  if (pattern < 0 || pattern >= at.limit) return -1
  const options = bytes.indexOf(0, pattern + 1)
  return options < 0 || options >= at.limit ? -1 : options + 1 - at.start
}
