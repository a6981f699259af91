/**
 * The types of enumerated columns. An export knows their labels but not the names of the types. So the type of an existing column is read from the catalogue, and
 * that of a new column is named after its table and column.
 */
import type { FieldSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import { type SchemaChange, parseEnum, textOf } from '../../model/schema-change.ts'
import { quotedText } from '../sql-text.ts'
import { parseCollectionName, qualified } from './name.ts'
import type { PgClient } from './session.ts'

/** The enumeration types that some additions to the structure need. */
export interface EnumTypes {
  /** The type of a column, quoted for SQL: `"public"."orders_status"`. @throws UsageError when the column is no enumeration */
  nameFor(collection: string, field: string): string
  /** Statements that create the types that do not exist yet. */
  readonly missing: readonly string[]
}

/** A column of an enumeration type. */
interface Use {
  readonly collection: string
  readonly field: string
  /** The labels of a new column; undefined for an existing column, whose type has to be found. */
  readonly labels: readonly string[] | undefined
}

/** Finds or names the types that the additions need. Creates nothing. @throws UsageError when a column is no enumeration, or a name or label cannot be used */
export async function enumTypes(client: PgClient, changes: readonly SchemaChange[]): Promise<EnumTypes> {
  const names = new Map<string, string>()
  const missing: string[] = []
  for (const use of changes.flatMap(usesOf)) {
    const column = JSON.stringify([use.collection, use.field])
    if (use.labels === undefined) names.set(column, await typeOfColumn(client, use))
    else names.set(column, await newType(client, { ...use, labels: use.labels }, missing))
  }
  return {
    missing,
    nameFor: (collection, field) => {
      const name = names.get(JSON.stringify([collection, field]))
      if (name !== undefined) return name
      throw new UsageError(`${collection}: ${field} is no enumeration here`)
    },
  }
}

function usesOf(change: SchemaChange): Use[] {
  if (change.kind === 'add-label') return [{ collection: change.collection, field: change.field, labels: undefined }]
  if (change.kind === 'add-field') return useOf(change.collection, change.field)
  return change.kind === 'create' ? change.schema.fields.flatMap((field) => useOf(change.collection, field)) : []
}

function useOf(collection: string, field: FieldSchema): Use[] {
  const type = parseEnum(field.type)
  return type === undefined ? [] : [{ collection, field: field.name, labels: type.labels }]
}

/** The enumeration type of a column, which may be wrapped in arrays and domains. */
const TYPE_OF_COLUMN = `
  WITH RECURSIVE used(oid) AS (
    SELECT a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND NOT a.attisdropped
    UNION
    SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END FROM used JOIN pg_type t USING (oid)
    WHERE t.typtype = 'd' OR t.typcategory = 'A'
  )
  SELECT n.nspname AS schema, t.typname AS table FROM used JOIN pg_type t USING (oid) JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype = 'e'`

async function typeOfColumn(client: PgClient, { collection, field }: Use): Promise<string> {
  const table = parseCollectionName(collection)
  const { rows } = await client.query<Record<'schema' | 'table', string>>(TYPE_OF_COLUMN, [
    table?.schema,
    table?.table,
    field,
  ])
  if (rows[0] === undefined) throw new UsageError(`${collection}: ${field} is no enumeration here`)
  return qualified(rows[0])
}

const LABELS = `
  SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)::text AS labels
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_enum e ON e.enumtypid = t.oid
  WHERE n.nspname = $1 AND t.typname = $2 GROUP BY t.oid`

/** The type of a new column: `orders_status` in the table's schema. If it exists, its labels must be exactly these; otherwise its statement is added to `missing`. */
async function newType(
  client: PgClient,
  { collection, field, labels }: Use & { readonly labels: readonly string[] },
  missing: string[],
): Promise<string> {
  const table = parseCollectionName(collection)
  const name = `${table?.table}_${field}`
  const long = [name, ...labels].find((text) => text === '' || Buffer.byteLength(text) > 63 || text.includes('\0'))
  if (table === undefined || long !== undefined)
    throw new UsageError(
      `${collection}: ${JSON.stringify(long ?? collection)} is no name or label that PostgreSQL takes as it is`,
    )
  const { rows } = await client.query<{ labels: string }>(LABELS, [table.schema, name])
  const there = rows[0]?.labels
  if (there !== undefined && textOf(JSON.parse(there)) !== textOf(labels))
    throw new UsageError(`${collection}: a type ${name} with other labels is there already`, {
      hint: 'run your migrations on this machine',
    })
  const type = qualified({ schema: table.schema, table: name })
  if (there === undefined) missing.push(`CREATE TYPE ${type} AS ENUM (${labels.map(quotedText).join(', ')})`)
  return type
}
