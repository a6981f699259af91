/**
 * Which keys of PostgreSQL tables have to be compared by the server: types that hold one value in several texts (citext, numeric, char(n), interval …), nondeterministic collations,
 * NULLS NOT DISTINCT, generated columns, partial and expression indexes.
 */
import { compareBytes } from '../../model/canonical.ts'
import type { Reference, Selection } from '../../model/collection.ts'
import { type OwnKeys, type OwnUnique, namedUnique } from '../../model/key-equality.ts'
import type { Database } from './connect.ts'
import type { PgClient } from './session.ts'
import { type LiveTable, liveTable } from './table.ts'
import { type Computed, TEXT_TYPES, type ServerIndex, readGenerated, readUniqueIndexes } from './unique-indexes.ts'

/** A collection of which only the table is looked for. */
const NOTHING_NEEDED = { fields: [], key: [], uniques: [], references: [], order: 'sorted' } as const

/** See `Adapter.ownKeys`. */
export async function ownKeys(
  client: PgClient,
  database: Database,
  selections: readonly Selection[],
): Promise<ReadonlyMap<string, OwnKeys>> {
  const found = new Map<string, OwnKeys>()
  const tables = new Map<string, LiveTable>()
  const names = selections.flatMap(({ schema }) => [schema.name, ...schema.references.map(({ to }) => to)])
  for (const name of new Set(names)) tables.set(name, await liveTable(client, database, { ...NOTHING_NEEDED, name }))
  const types = await comparedTypes(client, [...tables.values()])
  for (const selection of selections) {
    const { name, references } = selection.schema
    const table = tables.get(name) as LiveTable
    const generated = await readGenerated(client, table)
    const indexes = await readUniqueIndexes(client, table)
    const uniques = indexes.flatMap((index) => ownUnique(selection, index, generated))
    const own = references.filter(
      (reference) => !isByText(types, { table, parent: tables.get(reference.to) }, reference),
    )
    const named = new Map(indexes.flatMap((index) => textUnique(selection, index)))
    if (uniques.length + own.length + named.size > 0) found.set(name, { uniques, references: own, named })
  }
  return found
}

function isComparedByText({ where, nullsAreEqual, parts }: ServerIndex): boolean {
  return where === undefined && !nullsAreEqual && parts.every(({ byText }) => byText)
}

/** The declared unique key that an index keeps and that is compared by texts, with the index's name. */
function textUnique({ schema }: Selection, index: ServerIndex): (readonly [string, string])[] {
  if (!isComparedByText(index)) return []
  const compared = namedUnique(index.parts.map(({ column }) => column ?? ''))
  return schema.uniques.some((fields) => namedUnique(fields) === compared) ? [[compared, index.name]] : []
}

/** Nothing for an index that can be compared by texts, or that depends on a field which is not exported. */
function ownUnique({ schema }: Selection, index: ServerIndex, generated: ReadonlyMap<string, Computed>): OwnUnique[] {
  const { name, parts, where, columns } = index
  if (isComparedByText(index)) return []
  const fields = [...new Set(columns.flatMap((column) => generated.get(column)?.sources ?? [column]))].sort(
    compareBytes,
  )
  const selected = new Set(schema.fields.map((field) => field.name))
  if (!fields.every((field) => selected.has(field))) return []
  const compared = parts.map(({ column }) => column ?? '')
  const declared = [...schema.uniques, schema.key].find((unique) => unique.join('\0') === compared.join('\0'))
  if (where === undefined && declared !== undefined) return [{ name, fields, declared }]
  return [{ name, fields, definition: definitionOf(index, generated) }]
}

/** See `OwnUnique.definition`. */
function definitionOf(
  { parts, where, nullsAreEqual, columns }: ServerIndex,
  generated: ReadonlyMap<string, Computed>,
): string {
  const compared = parts.map(({ expression, operator, collation }) => [expression, operator, collation ?? ''])
  const computed = columns.flatMap((column) => generated.get(column)?.expression ?? [])
  return JSON.stringify([compared, where ?? '', nullsAreEqual, computed])
}

/** Table's oid and column → a name for how its values compare; undefined where only the server can compare them. */
type ComparedTypes = ReadonlyMap<string, string>

async function comparedTypes(client: PgClient, tables: readonly LiveTable[]): Promise<ComparedTypes> {
  const { rows } = await client.query<Record<'table' | 'column' | 'type', string>>(
    `SELECT a.attrelid AS table, a.attname AS column,
       CASE WHEN t.typtype = 'e' THEN t.oid::text WHEN t.typname IN ('int2', 'int4', 'int8') THEN 'integer'
         WHEN t.typname IN ('text', 'varchar') THEN 'text' ELSE t.typname::text END AS type
     FROM pg_attribute a JOIN pg_type own ON own.oid = a.atttypid
       JOIN pg_type t ON t.oid = coalesce(nullif(own.typbasetype, 0), own.oid) JOIN pg_namespace n ON n.oid = t.typnamespace
       LEFT JOIN pg_collation co ON co.oid = a.attcollation
     WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(co.collisdeterministic, true)
       AND (t.typtype = 'e' OR n.nspname = 'pg_catalog' AND t.typname = ANY ($2::text[]))`,
    [tables.map(({ oid }) => oid), TEXT_TYPES],
  )
  return new Map(rows.map(({ table, column, type }) => [`${table} ${column}`, type]))
}

function isByText(
  types: ComparedTypes,
  { table, parent }: { readonly table: LiveTable; readonly parent: LiveTable | undefined },
  { fields, toFields }: Reference,
): boolean {
  if (parent === undefined) return true
  return toFields.every((field, i) => {
    const type = types.get(`${parent.oid} ${field}`)
    return type !== undefined && type === types.get(`${table.oid} ${fields[i]}`)
  })
}
