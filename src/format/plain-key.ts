/**
 * The key of a record that is written as adapters write records: valid JSON, its fields without white space between them. One walk over the characters checks all of it and finds
 * the key, which costs a quarter of JSON.parse and a map of the fields; files are read line by line this way (records-file.ts, which reads every other form the long way).
 */
import type { KeyText } from '../model/canonical.ts'

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, DOT, SPACE] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2e, 0x20]
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]

/** What may follow a backslash in a string, besides `u` and four hex digits. */
const ESCAPED = new Set([QUOTE, BACKSLASH, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74])

/** The fields of a record read before, each as it stands before its value: `"id":`. No two are the same. The next record mostly has no others. */
let lastFields: readonly string[] = []

/**
 * The key of a record, its fields named by `names`; undefined for a text that is no JSON object, lacks a key field or repeats a field, and for some others (white space, names
 * with escapes), which have to be read another way.
 */
export function plainKey(record: string, names: readonly string[]): KeyText | undefined {
  let values = keyValues(record, lastFields, names)
  if (values === undefined) {
    const fields = fieldsOf(record)
    if (fields === undefined) return undefined
    lastFields = fields
    values = keyValues(record, fields, names)
  }
  for (let i = 0; i < names.length; i++) if (values?.[i] === undefined) return undefined
  return values && `[${values.join(',')}]`
}

/** The values of the named fields of a record whose fields are all among these, in this order; undefined for any other. */
function keyValues(
  record: string,
  fields: readonly string[],
  names: readonly string[],
): readonly (string | undefined)[] | undefined {
  const values: string[] = []
  let at = 0
  for (let i = 0; at >= 0 && record.charCodeAt(at) === (at === 0 ? OPEN : COMMA); i++) {
    while (i < fields.length && !record.startsWith(fields[i] as string, at + 1)) i++
    const field = fields[i]
    if (field === undefined) return undefined
    const from = at + 1 + field.length
    at = endOfValue(record, from)
    const position = names.findIndex((name) => field.length === name.length + 3 && field.startsWith(name, 1))
    if (position >= 0) values[position] = record.slice(from, at)
  }
  return record.charCodeAt(at) === CLOSE && at + 1 === record.length ? values : undefined
}

/** The fields of a plain record, as `lastFields` has them; undefined for any other. */
function fieldsOf(record: string): readonly string[] | undefined {
  const fields = new Set<string>()
  for (let at = 0; record.charCodeAt(at) === (at === 0 ? OPEN : COMMA);) {
    const end = record.charCodeAt(at + 1) === QUOTE ? endOfString(record, at + 1) : -1
    if (end < 0 || record.charCodeAt(end) !== COLON) return undefined
    const field = record.slice(at + 1, end + 1)
    if (fields.has(field) || field.includes('\\')) return undefined
    fields.add(field)
    at = endOfValue(record, end + 1)
    if (at < 0) return undefined
  }
  return fields.size > 0 ? [...fields] : undefined
}

/** Where the JSON value from `from` ends; -1 when there is none that is plain. */
function endOfValue(text: string, from: number): number {
  switch (text.charCodeAt(from)) {
    case QUOTE:
      return endOfString(text, from)
    case OPEN:
      return endOfParts(text, from, CLOSE)
    case OPEN_LIST:
      return endOfParts(text, from, CLOSE_LIST)
    case 0x74:
      return text.startsWith('true', from) ? from + 4 : -1
    case 0x66:
      return text.startsWith('false', from) ? from + 5 : -1
    case 0x6e:
      return text.startsWith('null', from) ? from + 4 : -1
    default:
      return endOfNumber(text, from)
  }
}

/** The end of an object or a list. A space may follow a comma or colon, as PostgreSQL's jsonb has it. */
function endOfParts(text: string, from: number, close: number): number {
  let at = from + 1
  if (text.charCodeAt(at) === close) return at + 1
  for (; ; at = behindSpace(text, at + 1)) {
    if (close === CLOSE) {
      if (text.charCodeAt(at) !== QUOTE) return -1
      at = endOfString(text, at)
      if (at < 0 || text.charCodeAt(at) !== COLON) return -1
      at = behindSpace(text, at + 1)
    }
    at = endOfValue(text, at)
    if (at < 0) return -1
    const next = text.charCodeAt(at)
    if (next === close) return at + 1
    if (next !== COMMA) return -1
  }
}

function behindSpace(text: string, at: number): number {
  return text.charCodeAt(at) === SPACE ? at + 1 : at
}

function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) return i + 1
    if (c < 0x20) return -1
    if (c === BACKSLASH && !ESCAPED.has(text.charCodeAt(++i))) {
      if (!/^u[0-9a-fA-F]{4}/.test(text.slice(i, i + 5))) return -1
      i += 4
    }
  }
  return -1
}

function endOfNumber(text: string, from: number): number {
  let at = text.charCodeAt(from) === MINUS ? from + 1 : from
  const whole = at
  at = endOfDigits(text, at)
  if (at === whole || (text.charCodeAt(whole) === 0x30 && at > whole + 1)) return -1
  if (text.charCodeAt(at) === DOT) {
    const end = endOfDigits(text, at + 1)
    if (end === at + 1) return -1
    at = end
  }
  if ((text.charCodeAt(at) | 0x20) !== 0x65) return at
  const sign = text.charCodeAt(at + 1)
  const digits = sign === MINUS || sign === 0x2b ? at + 2 : at + 1
  const end = endOfDigits(text, digits)
  return end === digits ? -1 : end
}

function endOfDigits(text: string, from: number): number {
  let at = from
  for (let c = text.charCodeAt(at); c >= 0x30 && c <= 0x39; c = text.charCodeAt(at)) at++
  return at
}
