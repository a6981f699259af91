/**
 * How a type's values stand in a record, and records as lines of `COPY … FROM STDIN`. Reading the other way works on bytes and is in decode.ts.
 * Rules of the text format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
import type { ValueText } from '../../model/canonical.ts'

/** `true` and `false` bare; digits bare up to ±(2^53−1), beyond as a string; the server's jsonb text as it is; a JSON string of the server's text. */
export type Coding = 'boolean' | 'integer' | 'jsonb' | 'text'

export interface CodedField {
  readonly name: string
  readonly coding: Coding
}

/** NULL in COPY's text format, and so everywhere here where a value is the server's text. */
export const COPY_NULL = '\\N'

/** One line for COPY from the server texts of its columns (`undefined`: NULL), with the line break. */
export function copyLine(columns: readonly (string | undefined)[]): string {
  return `${columns.map((text) => (text === undefined ? COPY_NULL : escapeCopy(text))).join('\t')}\n`
}

/** The text the server is to read for a value: the string itself, or the JSON text for jsonb and for whatever is no string. */
export function serverText(value: ValueText | undefined, coding: Coding): string | undefined {
  if (value === undefined || coding === 'jsonb' || value[0] !== '"') return value
  return value.includes('\\') ? (JSON.parse(value) as string) : value.slice(1, -1)
}

/** True when two values mean the same to the server: bare `5` and `"5"` are one value of a column, in jsonb they are two. */
export function sameValue(a: ValueText | undefined, b: ValueText | undefined, coding: Coding): boolean {
  return a === b || (a !== undefined && b !== undefined && serverText(a, coding) === serverText(b, coding))
}

function escapeCopy(text: string): string {
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => ESCAPES[character] ?? character) : text
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
