/**
 * The one place where a record becomes text and hash. A record is kept as canonical JSON text, and its fields as slices of it, so that a value never passes
 * through a JavaScript number or date: `26.940` stays `26.940`. docs/format.md specifies the text byte by byte.
 */
import { hasher } from './hasher.ts'

/** Canonical JSON text of one value, never re-printed after an adapter wrote it. */
export type ValueText = string

/** Canonical JSON text of a whole record: an object of ValueTexts. */
export type RecordText = string

/** Canonical JSON text of a record's key: an array of its key fields' ValueTexts, in key order, for example `[191]`. */
export type KeyText = string

/** The fields of a record or document by name, each as the slice of its text. */
export type FieldValues = ReadonlyMap<string, ValueText>

/** JSON text of a string; lone surrogates are escaped, everything else is written as UTF-8. */
export function stringText(value: string): ValueText {
  return JSON.stringify(value)
}

/** The same JSON in ASCII. What the tool keeps inside a database is written so, since the database's encoding may lack the characters of a record that it refused. */
export function asciiJson(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Order of the UTF-8 bytes of two strings (JavaScript's own `<` differs for characters beyond U+FFFF). */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return byteRank(x) - byteRank(y)
  }
  return a.length - b.length
}

/** A surrogate starts a four-byte character and so sorts after every other code unit. */
function byteRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** The text of a record or document with its fields in the order given. */
export function objectText(fields: Iterable<readonly [name: string, value: ValueText]>): RecordText {
  let text = ''
  for (const [name, value] of fields) text += `${text === '' ? '' : ','}${stringText(name)}:${value}`
  return `{${text}}`
}

/** The text of a record with its fields sorted by name (bytes). */
export function sortedObjectText(fields: Iterable<readonly [name: string, value: ValueText]>): RecordText {
  return objectText([...fields].sort((a, b) => compareBytes(a[0], b[0])))
}

/** The text of an array with these elements. */
export function arrayText(values: Iterable<ValueText>): ValueText {
  return `[${[...values].join(',')}]`
}

/** The key of a record: the values of its key fields in key order; a missing field counts as null. */
export function keyOf(fields: FieldValues, key: readonly string[]): KeyText {
  return arrayText(key.map((name) => fields.get(name) ?? 'null'))
}

/**
 * The fields of a JSON object text by name, in their order. Each value is a slice of the text: white space inside it stays as it is written.
 * @throws SyntaxError when the text is no JSON object or repeats a name
 */
export function splitObject(text: string): Map<string, ValueText> {
  return splitPlain(text) ?? splitAny(text)
}

/** `splitObject` for a text as adapters write it, without white space between its parts and without escapes in names; undefined for any other, which may still be an object. */
function splitPlain(text: string): Map<string, ValueText> | undefined {
  const fields = new Map<string, ValueText>()
  if (text.charCodeAt(0) !== 0x7b) return undefined
  if (text === '{}') return fields
  for (let at = 1, count = 1; ; count++) {
    const end = text.charCodeAt(at) === 0x22 ? text.indexOf('"', at + 1) : -1
    if (end < 0 || text.charCodeAt(end + 1) !== 0x3a) return undefined
    const name = text.slice(at + 1, end)
    const stop = endOfPlainValue(text, end + 2)
    if (stop < 0 || name.includes('\\')) return undefined
    fields.set(name, text.slice(end + 2, stop))
    if (fields.size < count) return undefined
    const next = text.charCodeAt(stop)
    if (next === 0x7d) return stop + 1 === text.length ? fields : undefined
    if (next !== 0x2c) return undefined
    at = stop + 1
  }
}

/** Where the value that starts at `from` ends; -1 where that is not plain. */
function endOfPlainValue(text: string, from: number): number {
  const first = text.charCodeAt(from)
  if (first === 0x22) return endOfQuoted(text, from) + 1 || -1
  let i = from
  if (first !== 0x7b && first !== 0x5b) {
    for (let c = first; c > 0x20 && c !== 0x2c && c !== 0x7d && c !== 0x22 && c !== 0x3a; c = text.charCodeAt(i)) i++
    return i === from ? -1 : i
  }
  for (let depth = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      i = endOfQuoted(text, i)
      if (i < 0) return -1
    } else if (c === 0x7b || c === 0x5b) depth++
    else if ((c === 0x7d || c === 0x5d) && --depth === 0) return i + 1
  }
  return -1
}

function splitAny(text: string): Map<string, ValueText> {
  const fields = new Map<string, ValueText>()
  const at = { position: skipSpace(text, 0) }
  expect(text, at, '{')
  if (closes(text, at, '}')) return fields
  for (;;) {
    const name = JSON.parse(takeName(text, at)) as string
    expect(text, at, ':')
    if (fields.has(name)) throw new SyntaxError(`field ${stringText(name)} occurs twice`)
    fields.set(name, takeValue(text, at))
    if (closes(text, at, '}')) return fields
    expect(text, at, ',')
  }
}

/**
 * The elements of a JSON array text in their order, each a slice of the text.
 * @throws SyntaxError when the text is no JSON array
 */
export function splitArray(text: string): ValueText[] {
  const values: ValueText[] = []
  const at = { position: skipSpace(text, 0) }
  expect(text, at, '[')
  if (closes(text, at, ']')) return values
  for (;;) {
    values.push(takeValue(text, at))
    if (closes(text, at, ']')) return values
    expect(text, at, ',')
  }
}

/** The JSON type of a value text. Only its first character is looked at. */
export function kindOf(text: ValueText): 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null' {
  switch (text[0]) {
    case '{':
      return 'object'
    case '[':
      return 'array'
    case '"':
      return 'string'
    case 't':
    case 'f':
      return 'boolean'
    case 'n':
      return 'null'
    default:
      return 'number'
  }
}

/** True for an object that stands for one typed value, like `{"$oid":"…"}`: its first name starts with `$`. Such an object is merged as one value, never field by field. */
export function isTypedValue(text: ValueText): boolean {
  return /^\{\s*"\$/.test(text)
}

/** The text with the names of every object in it sorted, so that two records that differ only in field order give the same text. Typed values stay as they are. */
export function orderFreeText(text: ValueText): ValueText {
  const kind = kindOf(text)
  if (kind === 'array') return arrayText(splitArray(text).map(orderFreeText))
  if (kind !== 'object' || isTypedValue(text)) return text
  return sortedObjectText([...splitObject(text)].map(([name, value]) => [name, orderFreeText(value)] as const))
}

/** The `h` of an export line: xxh64 of the record's canonical text as 16 hex digits; where the order of fields is kept, of its order-free text. */
export function recordHash(text: RecordText, order: 'sorted' | 'kept'): string {
  return hasher.h64ToString(order === 'kept' ? orderFreeText(text) : text)
}

/** xxh64 of a key's text as a 64-bit unsigned number; chooses the bucket in layout `hash`. */
export function keyHash(key: KeyText): bigint {
  return hasher.h64(key)
}

/** xxh64 of any text as a 64-bit unsigned number. */
export function textHash(text: string): bigint {
  return hasher.h64(text)
}

/** xxh32 of any bytes. */
export function bytesHash(bytes: Uint8Array): number {
  return hasher.h32Raw(bytes)
}

/** True when two records (or two absences) are the same data. Where the order of fields is kept, a difference in that order alone does not count. */
export function sameRecord(a: RecordText | undefined, b: RecordText | undefined, order: 'sorted' | 'kept'): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || order === 'sorted') return false
  return a.length === b.length && orderFreeText(a) === orderFreeText(b)
}

interface Cursor {
  position: number
}

function skipSpace(text: string, from: number): number {
  let i = from
  while (text[i] === ' ' || text[i] === '\t' || text[i] === '\n' || text[i] === '\r') i++
  return i
}

function expect(text: string, at: Cursor, character: string): void {
  const i = skipSpace(text, at.position)
  if (text[i] !== character) throw new SyntaxError(`expected ${character} at column ${i + 1}`)
  at.position = i + 1
}

/** True when the closing bracket is next. @throws SyntaxError when anything but white space follows it */
function closes(text: string, at: Cursor, bracket: string): boolean {
  at.position = skipSpace(text, at.position)
  if (text[at.position] !== bracket) return false
  const end = skipSpace(text, at.position + 1)
  if (end < text.length) throw new SyntaxError(`expected nothing more at column ${end + 1}`)
  return true
}

/** The field's name at the cursor, which moves behind it. @throws SyntaxError when it is no string */
function takeName(text: string, at: Cursor): string {
  const start = skipSpace(text, at.position)
  if (text[start] !== '"') throw new SyntaxError(`expected a field name at column ${start + 1}`)
  at.position = endOfString(text, start) + 1
  return text.slice(start, at.position)
}

/** The value at the cursor, which moves behind it. Its end is found by counting brackets outside strings. */
function takeValue(text: string, at: Cursor): ValueText {
  const start = skipSpace(text, at.position)
  let depth = 0
  let i = start
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (c === 0x22) i = endOfString(text, i)
    else if (c === 0x7b || c === 0x5b) depth++
    else if (c === 0x7d || c === 0x5d) {
      if (depth === 0) break
      depth--
    } else if (depth === 0 && (c <= 0x20 || c === 0x2c || c === 0x3a)) break
    i++
    if (depth === 0 && (c === 0x22 || c === 0x7d || c === 0x5d)) break
  }
  if (i === start || depth > 0) throw new SyntaxError(`expected a value at column ${start + 1}`)
  at.position = i
  return text.slice(start, i)
}

/** The position of the closing quote of the string that opens at `from`. */
function endOfString(text: string, from: number): number {
  const end = endOfQuoted(text, from)
  if (end < 0) throw new SyntaxError(`unterminated string at column ${from + 1}`)
  return end
}

/** Like `endOfString`; -1 for a string that does not end. */
function endOfQuoted(text: string, from: number): number {
  let i = from + 1
  for (;;) {
    const quote = text.indexOf('"', i)
    if (quote < 0) return -1
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return quote
    i = quote + 1
  }
}
