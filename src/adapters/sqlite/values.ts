/**
 * SQLite values as canonical text and back. A value is written by its storage class, not by the column's declared type, since SQLite lets any column hold any
 * class (https://www.sqlite.org/datatype3.html). docs/format.md lists the forms.
 */
import { isUtf8 } from 'node:buffer'
import { stringText } from '../../model/canonical.ts'
import type { ValueText } from '../../model/canonical.ts'
import type { SqlValue } from './connect.ts'

/** How the file stores text: `PRAGMA encoding`. */
export type TextEncoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be'

/** A value to bind and the SQL it stands in. */
export interface BoundValue {
  readonly slot: '?' | 'CAST(unhex(?) AS TEXT)'
  readonly value: SqlValue
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** An identifier in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * SQL that reads a column without loss, so that the type of what arrives tells the storage class. The driver aborts on text that is not UTF-8, and SQLite has
 * no test for that: plain ASCII comes as it is, any other text as U+0001 and its bytes in hexadecimal digits (three times as fast as a blob).
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

/** Bare digits within ±(2^53−1), which every JSON reader keeps; beyond, a typed value. */
export function integerText(value: bigint): ValueText {
  return value <= SAFE && value >= -SAFE ? value.toString() : `{"$int":"${value}"}`
}

/** The shortest text that reads back as the same double, always with a sign of being a real: `1.0`, `-0.0`, `1e+300`, `Infinity`. */
function realText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** Text whose bytes a JSON string cannot give back stands as the bytes themselves. */
function textOfBytes(bytes: Uint8Array, encoding: TextEncoding): ValueText {
  const text = decodedText(bytes, encoding)
  return text === undefined ? `{"$text":"${Buffer.from(bytes).toString('base64')}"}` : stringText(text)
}

/** The string that the bytes of a text spell, or undefined if a string could not give back exactly these bytes. */
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
 * What to bind for a value text; undefined (the field is left out) binds NULL.
 * @throws SyntaxError when the text is no value that SQLite can hold, in the one form that an export has
 */
export function boundValue(text: ValueText | undefined): BoundValue {
  if (text === undefined) return { slot: '?', value: null }
  const value: unknown = JSON.parse(text)
  if (typeof value === 'string' && wellFormed(value)) return { slot: '?', value }
  if (typeof value === 'number' && Number.isSafeInteger(value) && String(value) === text)
    return { slot: '?', value: BigInt(text) }
  const typed = typedValue(value)
  if (typed !== undefined) return typed
  throw new SyntaxError(`${text.slice(0, 80)} is not a value of an SQLite export`)
}

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
  // A bound blob would be cast as UTF-8 whatever the database's encoding is; the result of a function is cast as it stands.
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
