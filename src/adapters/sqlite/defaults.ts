/** What columns of an SQLite table are filled with by their defaults, where those are literals. An expression is nobody's constant, so it is left out. */
import type { ValueText } from '../../model/canonical.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import { textEncoding } from './catalog.ts'
import type { Connection } from './connect.ts'
import { quoted, readable, valueText } from './values.ts'

/** Numbers, texts, blobs, TRUE and FALSE, as they stand in the catalogue (https://www.sqlite.org/lang_createtable.html#the_default_clause). */
const LITERAL = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|'(?:[^']|'')*'|x'[0-9a-f]*'|true|false)$/i

/** Our types that are affinities of SQLite's, as a cast names them. */
const AFFINITIES: ReadonlySet<string> = new Set(['integer', 'text', 'real', 'numeric'])

/** Field → value as a record would hold it. */
export function literalDefaults(
  connection: Connection,
  { name: table, fields }: CollectionSchema,
): ReadonlyMap<string, ValueText> {
  const found = new Map<string, ValueText>()
  const encoding = textEncoding(connection)
  const types = new Map(fields.map((field) => [field.name, field.type]))
  for (const [, name, , , text] of connection.rows(`PRAGMA table_xinfo(${quoted(table)})`)) {
    if (typeof name !== 'string' || typeof text !== 'string' || !LITERAL.test(text)) continue
    const stored = storedAs(text, types.get(name) ?? 'any')
    const value = valueText(connection.rows(`SELECT ${readable('v')} FROM (SELECT ${stored} AS v)`)[0]?.[0], encoding)
    if (value !== undefined) found.set(name, value)
  }
  return found
}

/** A column's affinity converts a value only where nothing of it is lost; a cast always does (https://www.sqlite.org/datatype3.html#type_affinity). */
function storedAs(literal: string, type: string): string {
  if (!AFFINITIES.has(type)) return literal
  const cast = `CAST(${literal} AS ${type})`
  return `CASE WHEN ${cast} = ${literal} THEN ${cast} ELSE ${literal} END`
}
