/**
 * The element types of BSON and the length of a value in bytes, which decoding and encoding both need. Source: https://bsonspec.org/spec.html and the `$type` aliases
 * of the MongoDB manual.
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

/** The number of an element type by its alias (`binData`), or undefined for an unknown alias. */
export function typeNumber(name: string): number | undefined {
  return numbers.get(name)
}

/** Where a value is: its element type, the position of its first byte, and the position behind which it cannot go. */
interface ValuePosition {
  readonly type: number
  readonly start: number
  readonly limit: number
}

/**
 * The position behind a value, known from its type and its length prefix; -1 if the value would end behind `limit` or its type is unknown. Whether the content of
 * the value is well formed is not checked.
 */
export function valueEnd(bytes: Buffer, at: ValuePosition): number {
  const length = valueLength(bytes, at)
  return length < 0 || at.start + length > at.limit ? -1 : at.start + length
}

function valueLength(bytes: Buffer, at: ValuePosition): number {
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

/** The length of a value that begins with a length. What that number counts differs from type to type; -1 for a number that cannot be. */
function prefixedLength(bytes: Buffer, at: ValuePosition): number {
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

/** The length of a regular expression: two strings, each with a zero byte at its end. */
function regexLength(bytes: Buffer, at: ValuePosition): number {
  const pattern = bytes.indexOf(0, at.start)
  if (pattern < 0 || pattern >= at.limit) return -1
  const options = bytes.indexOf(0, pattern + 1)
  return options < 0 || options >= at.limit ? -1 : options + 1 - at.start
}
