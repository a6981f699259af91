/** The default values of a table's columns, as far as they are literals. A default that is an expression (`now()`, a sequence) has another value each time, so it is left out. */
import { type ValueText, splitObject } from '../../model/canonical.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Database } from './connect.ts'
import { copyAll } from './copy.ts'
import type { PgClient } from './session.ts'
import { liveTable } from './table.ts'

/** A constant as `pg_get_expr` writes it: `0`, `'new'::text`, `'0'::numeric(18,2)`, `true`; never a call. */
const LITERAL =
  /^\(?(?:-?\d+(?:\.\d+)?|'(?:[^']|'')*'|true|false)\)?(?:::[\w ."]+(?:\([\d, ]+\))?(?: with(?:out)? time zone)?(?:\[\])*)?$/

const DEFAULTS = `
  SELECT a.attname AS name, pg_get_expr(d.adbin, d.adrelid) AS text, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''`

/** Field → its default value, as a record would hold it; the server itself reads the literal as the column's type. Fields without a literal default are not in it. */
export async function literalDefaults(
  client: PgClient,
  database: Database,
  schema: CollectionSchema,
): Promise<ReadonlyMap<string, ValueText>> {
  const table = await liveTable(client, database, schema)
  const { rows } = await client.query<Record<'name' | 'text' | 'type', string>>(DEFAULTS, [table.oid])
  const literals = rows.filter(({ name, text }) => LITERAL.test(text) && table.columns.has(name))
  const fields = literals.flatMap(({ name }) => table.columns.get(name) ?? [])
  if (fields.length === 0) return new Map()
  const select = `SELECT ${literals.map(({ text, type }) => `(${text})::${type}`).join(', ')}`
  const [record] = await copyAll(client, { select, fields, key: [] })
  return record === undefined ? new Map() : splitObject(record.text)
}
