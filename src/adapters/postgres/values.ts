/**
 * From values in a record to the server's text, and to lines of `COPY … FROM STDIN`. The other direction works on bytes and is in decode.ts.
 * Rules of the text format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
import type { ValueText } from '../../model/canonical.ts'

/**
 * How a record holds the values of a type. `boolean`: as true and false. `integer`: as digits, beyond ±(2^53−1) as a string of digits. `jsonb`: as the server's text,
 * which is JSON. `text`: as a string with the server's text.
 */
export type Coding = 'boolean' | 'integer' | 'jsonb' | 'text'

/** A field, and how a record holds its values. */
export interface CodedField {
  readonly name: string
  readonly coding: Coding
}

/** NULL in COPY's text format. */
const COPY_NULL = '\\N'

/** One line for COPY, with its line break. @param columns the server's text of each column; undefined for NULL */
export function copyLine(columns: readonly (string | undefined)[]): string {
  return `${columns.map((text) => (text === undefined ? COPY_NULL : escapeCopy(text))).join('\t')}\n`
}

/** The text from which the server reads a value: the content of a string, or the JSON text as it is for jsonb and for what is no string; undefined for NULL. */
export function serverText(value: ValueText | undefined, coding: Coding): string | undefined {
  if (value === undefined || coding === 'jsonb' || value[0] !== '"') return value
  return value.includes('\\') ? (JSON.parse(value) as string) : value.slice(1, -1)
}

/** True when two texts are the same value to the server: `5` and `"5"` are one value of a column, but two of a jsonb column. */
export function sameValue(a: ValueText | undefined, b: ValueText | undefined, coding: Coding): boolean {
  return a === b || (a !== undefined && b !== undefined && serverText(a, coding) === serverText(b, coding))
}

function escapeCopy(text: string): string {
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => ESCAPES[character] ?? character) : text
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
