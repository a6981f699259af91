/**
 * SQLite values as canonical text and back. A value is written by its storage class, not by the column's declared type, since SQLite lets any column hold any
 * class (https://www.sqlite.org/datatype3.html). docs/format.md lists the forms.
 */
import { isUtf8 } from 'node:buffer'
import { type ValueText, stringText } from '../../model/canonical.ts'
import type { Placeholder } from '../../model/collection.ts'
import type { SqlValue } from './connect.ts'

/** How the file stores text: `PRAGMA encoding`. */
export type TextEncoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be'

/** A value to bind, and the SQL that stands where it is bound. */
export interface BoundValue {
  readonly slot: '?' | 'CAST(unhex(?) AS TEXT)'
  readonly value: SqlValue
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * SQL that reads a column without loss, in such a way that the type of the value we get tells its storage class. The driver aborts the process on text that is not
 * UTF-8, and SQL cannot test for that. So only plain ASCII is read as it is; any other text is read as U+0001 and its bytes in hexadecimal digits, which is three
 * times as fast as a blob. @param column its name, quoted for SQL
 */
export function readable(column: string): string {
  const isPlain = `${column} NOT GLOB '*[^ -~]*' AND octet_length(${column}) = length(${column})`
  const bytes = `char(1) || hex(CAST(${column} AS BLOB))`
  return `CASE WHEN typeof(${column}) <> 'text' OR ${isPlain} THEN ${column} ELSE ${bytes} END`
}

/** The text of a value read through `readable`; undefined for NULL, which records leave out. */
export function valueText(value: SqlValue | undefined, encoding: TextEncoding): ValueText | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'bigint') return integerText(value)
  if (typeof value === 'number') return `{"$real":"${realText(value)}"}`
  if (typeof value !== 'string') return `{"$blob":"${Buffer.from(value).toString('base64')}"}`
  return value.charCodeAt(0) === 1 ? textOfBytes(Buffer.from(value.slice(1), 'hex'), encoding) : stringText(value)
}

/** The text of an integer: bare digits within ±(2^53−1), which every JSON reader keeps exactly; a typed value (`{"$int":…}`) beyond. */
export function integerText(value: bigint): ValueText {
  return value <= SAFE && value >= -SAFE ? value.toString() : `{"$int":"${value}"}`
}

/** The shortest text that reads back as the same double and never looks like an integer: `1.0`, `-0.0`, `1e+300`, `Infinity`. */
export function realText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** A text as a JSON string, or as its bytes (`{"$text":…}`) where the same bytes could not be had back from a JSON string. */
function textOfBytes(bytes: Uint8Array, encoding: TextEncoding): ValueText {
  const text = decodedText(bytes, encoding)
  return text === undefined ? `{"$text":"${Buffer.from(bytes).toString('base64')}"}` : stringText(text)
}

/** The string of a text's bytes; undefined if the string, encoded again, would not give exactly these bytes. */
export function decodedText(bytes: Uint8Array, encoding: TextEncoding): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (encoding === 'UTF-8') return isUtf8(buffer) ? buffer.toString('utf8') : undefined
  if (buffer.length % 2 === 1) return undefined
  const text = (encoding === 'UTF-16be' ? Buffer.from(buffer).swap16() : buffer).toString('utf16le')
  return wellFormed(text) ? text : undefined
}

function wellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

/**
 * What to bind for the text of a value; NULL for undefined, as a record leaves out the fields that are NULL.
 * @throws SyntaxError when the text is not the one form in which an export of SQLite holds a value
 */
export function boundValue(text: ValueText | undefined): BoundValue {
  if (text === undefined) return { slot: '?', value: null }
  if (SHORT_INTEGER.test(text)) return { slot: '?', value: BigInt(text) }
  if (PLAIN_STRING.test(text)) return { slot: '?', value: text.slice(1, -1) }
  const value: unknown = JSON.parse(text)
  if (typeof value === 'string' && wellFormed(value)) return { slot: '?', value }
  if (typeof value === 'number' && Number.isSafeInteger(value) && String(value) === text)
    return { slot: '?', value: BigInt(text) }
  const typed = typedValue(value)
  if (typed !== undefined) return typed
  throw new SyntaxError(`${text.slice(0, 80)} is not a value of an SQLite export`)
}

/** What to bind for a placeholder: SQLite has no truth values, and holds 1 and 0. */
export function boundPlaceholder(value: Placeholder): BoundValue {
  if (typeof value === 'boolean') return { slot: '?', value: value ? 1n : 0n }
  return { slot: '?', value: Number.isSafeInteger(value) ? BigInt(value) : value }
}

/** An integer in the one form in which an export holds it. */
const SHORT_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/

/** A string whose text is what stands between the quotes. */
const PLAIN_STRING = /^"[^"\\\p{Cc}\p{Cs}]*"$/u

function typedValue(value: unknown): BoundValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [[type, content] = [], ...more] = Object.entries(value as Readonly<Record<string, unknown>>)
  if (more.length > 0 || typeof content !== 'string') return undefined
  if (type === '$int') return typedInteger(content)
  if (type === '$real') return typedReal(content)
  if (type !== '$blob' && type !== '$text') return undefined
  const bytes = Buffer.from(content, 'base64')
  if (bytes.toString('base64') !== content) return undefined
  if (type === '$blob') return { slot: '?', value: bytes }
  // CAST(? AS TEXT) of a bound blob would take its bytes for UTF-8 even where the database stores UTF-16. The blob that unhex returns is taken for the
  // database's own encoding.
  return { slot: 'CAST(unhex(?) AS TEXT)', value: bytes.toString('hex') }
}

function typedInteger(content: string): BoundValue | undefined {
  if (!/^-?[1-9]\d{15,18}$/.test(content)) return undefined
  const value = BigInt(content)
  if (BigInt.asIntN(64, value) !== value || integerText(value) === content) return undefined
  return { slot: '?', value }
}

function typedReal(content: string): BoundValue | undefined {
  const value = Number(content)
  return !Number.isNaN(value) && realText(value) === content ? { slot: '?', value } : undefined
}
