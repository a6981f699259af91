/** The default values of a table's columns, as far as they are literals. A default that is an expression has another value each time, so it is left out. */
import type { ValueText } from '../../model/canonical.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import { quotedName } from '../sql-text.ts'
import { textEncoding } from './catalog.ts'
import type { SqliteConnection } from './connect.ts'
import { readable, valueText } from './values.ts'

/** Numbers, texts, blobs, TRUE and FALSE, as they stand in the catalogue (https://www.sqlite.org/lang_createtable.html#the_default_clause). */
const LITERAL = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|'(?:[^']|'')*'|x'[0-9a-f]*'|true|false)$/i

/** Those of our types that are the name of an affinity in SQLite, and so can stand in a CAST. */
const AFFINITIES: ReadonlySet<string> = new Set(['integer', 'text', 'real', 'numeric'])

/** Field → its default value, as a record would hold it. Fields without a literal default are not in it. */
export function literalDefaults(
  connection: SqliteConnection,
  { name: table, fields }: CollectionSchema,
): ReadonlyMap<string, ValueText> {
  const found = new Map<string, ValueText>()
  const encoding = textEncoding(connection)
  const types = new Map(fields.map((field) => [field.name, field.type]))
  for (const [, name, , , text] of connection.rows(`PRAGMA table_xinfo(${quotedName(table)})`)) {
    if (typeof name !== 'string' || typeof text !== 'string' || !LITERAL.test(text)) continue
    const stored = storedAs(text, types.get(name) ?? 'any')
    const value = valueText(connection.rows(`SELECT ${readable('v')} FROM (SELECT ${stored} AS v)`)[0]?.[0], encoding)
    if (value !== undefined) found.set(name, value)
  }
  return found
}

/**
 * SQL for the literal as a column of this type stores it. The column's affinity converts a value only where nothing is lost by it, whereas a CAST always converts
 * (https://www.sqlite.org/datatype3.html#type_affinity).
 */
function storedAs(literal: string, type: string): string {
  if (!AFFINITIES.has(type)) return literal
  const cast = `CAST(${literal} AS ${type})`
  return `CASE WHEN ${cast} = ${literal} THEN ${cast} ELSE ${literal} END`
}
