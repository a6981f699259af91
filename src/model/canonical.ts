/**
 * The one place where a record becomes text and hash. A record is kept as canonical JSON text, and its fields as slices of it, so that a value never passes
 * through a JavaScript number or date: `26.940` stays `26.940`. docs/format.md specifies the text byte by byte.
 */
import xxhash from 'xxhash-wasm'

const hasher = await xxhash()

/** Canonical JSON text of one value, never re-printed after an adapter wrote it. */
export type ValueText = string
/** Canonical JSON text of a whole record: an object of ValueTexts. */
export type RecordText = string
/** Canonical JSON text of a record's key: an array of its key fields' ValueTexts, in key order, for example `[191]`. */
export type KeyText = string

/** JSON text of a string; lone surrogates are escaped, everything else stands as UTF-8. */
export function stringText(value: string): ValueText {
  return JSON.stringify(value)
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

/** The text of a record or document from its fields, in the order given. */
export function objectText(fields: Iterable<readonly [name: string, value: ValueText]>): RecordText {
  let text = ''
  for (const [name, value] of fields) text += `${text === '' ? '' : ','}${stringText(name)}:${value}`
  return `{${text}}`
}

/** The text of a record with its fields sorted by name (bytes). */
export function sortedObjectText(fields: Iterable<readonly [name: string, value: ValueText]>): RecordText {
  return objectText([...fields].sort((a, b) => compareBytes(a[0], b[0])))
}

export function arrayText(values: Iterable<ValueText>): ValueText {
  return `[${[...values].join(',')}]`
}

/** The key of a record, from its key fields in key order; a missing field counts as null. */
export function keyOf(fields: ReadonlyMap<string, ValueText>, key: readonly string[]): KeyText {
  return arrayText(key.map((name) => fields.get(name) ?? 'null'))
}

/**
 * The fields of a JSON object text, as slices of it in their order. White space between tokens is dropped from neither end of a nested value's inside.
 * @throws SyntaxError when the text is no JSON object or repeats a name
 */
export function splitObject(text: string): Map<string, ValueText> {
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
 * The elements of a JSON array text, as slices of it.
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

/** What a value text is, told by its first character. */
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

/** True for the objects that stand for one typed value, like `{"$oid":"…"}`: their first name starts with `$`. They never merge by path. */
export function isTypedValue(text: ValueText): boolean {
  return /^\{\s*"\$/.test(text)
}

/** The text with the names of every object in it sorted: two records that differ in field order only have the same. Typed values stay as they are. */
export function orderFreeText(text: ValueText): ValueText {
  const kind = kindOf(text)
  if (kind === 'array') return arrayText(splitArray(text).map(orderFreeText))
  if (kind !== 'object' || isTypedValue(text)) return text
  return sortedObjectText([...splitObject(text)].map(([name, value]) => [name, orderFreeText(value)] as const))
}

/** The `h` of an export line: xxh64 of the record's canonical text (of its order-free text where the order of fields is kept), 16 hex digits. */
export function recordHash(text: RecordText, order: 'sorted' | 'kept'): string {
  return hasher.h64ToString(order === 'kept' ? orderFreeText(text) : text)
}

/** xxh64 of a key's text as a 64-bit unsigned number; chooses the bucket in layout `hash`. */
export function keyHash(key: KeyText): bigint {
  return hasher.h64(key)
}

/** True when two records are the same data (field order apart where it is kept). */
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

/** True at the closing bracket, after which nothing may stand. */
function closes(text: string, at: Cursor, bracket: string): boolean {
  at.position = skipSpace(text, at.position)
  if (text[at.position] !== bracket) return false
  const end = skipSpace(text, at.position + 1)
  if (end < text.length) throw new SyntaxError(`expected nothing more at column ${end + 1}`)
  return true
}

/** Takes a field's name: only a string will do. */
function takeName(text: string, at: Cursor): string {
  const start = skipSpace(text, at.position)
  if (text[start] !== '"') throw new SyntaxError(`expected a field name at column ${start + 1}`)
  at.position = endOfString(text, start) + 1
  return text.slice(start, at.position)
}

/** Takes one value, of any depth, by counting brackets outside strings. */
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
  let i = from + 1
  for (;;) {
    const quote = text.indexOf('"', i)
    if (quote < 0) throw new SyntaxError(`unterminated string at column ${from + 1}`)
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return quote
    i = quote + 1
  }
}
