/** Describes a PostgreSQL database in words that are the same for every engine: the tables that can be exported, and what is left out and why. */
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema, FieldSchema, Reference } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Description, LeftOut } from '../adapter.ts'
import { distinctByText } from '../distinct.ts'
import { mandatoryFields } from '../mandatory.ts'
import type { Database } from './connect.ts'
import { collectionName } from './name.ts'
import type { PgClient } from './session.ts'
import { type LiveColumn, readColumns } from './table.ts'

interface Relation {
  readonly oid: string
  readonly schema: string
  readonly table: string
  readonly kind: string
  readonly persistence: string
  readonly partition: string
  /** The extension that owns the table or its schema; null when there is none. */
  readonly extension: string | null
}

const RELATIONS = `
  SELECT c.oid, n.nspname AS schema, c.relname AS table, c.relkind AS kind, c.relpersistence AS persistence,
    c.relispartition AS partition,
    (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
      WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
        AND (d.classid, d.objid) IN (('pg_class'::regclass, c.oid), ('pg_namespace'::regclass, n.oid)) LIMIT 1) AS extension
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('information_schema', 'tandem')
    AND (n.nspname !~ '^pg_' OR n.nspname ~ '^pg_temp_')`

/** The description of the database, as `Adapter.describe` returns it. @throws UsageError when a schema named in the URL does not exist */
export async function describe(client: PgClient, database: Database): Promise<Description> {
  await checkSchemas(client, database)
  const relations = (await client.query<Relation>(RELATIONS)).rows.filter((relation) => isInSchemas(relation, database))
  const leftOut: LeftOut[] = []
  const tables: Relation[] = []
  for (const relation of relations) {
    const reason = leftOutReason(relation)
    if (reason === undefined) tables.push(relation)
    else leftOut.push({ name: collectionName(relation), reason })
  }
  const described = await describeTables(client, tables)
  leftOut.sort((a, b) => compareBytes(a.name, b.name))
  return { ...described, leftOut, database: database.name, server: database.server }
}

async function checkSchemas(client: PgClient, { schemas, source, name }: Database): Promise<void> {
  if (schemas === undefined) return
  const { rows } = await client.query<{ nspname: string }>('SELECT nspname FROM pg_namespace')
  const there = new Set(rows.map((row) => row.nspname))
  const missing = schemas.find((schema) => !there.has(schema))
  if (missing === undefined) return
  throw new UsageError(`source ${source}: database ${name} has no schema ${missing}`, {
    hint: 'correct ?schema= in the URL, or run your migrations',
  })
}

function isInSchemas(relation: Relation, { schemas }: Database): boolean {
  return schemas === undefined || schemas.includes(relation.schema)
}

function leftOutReason(relation: Relation): string | undefined {
  if (relation.persistence === 't') return 'temporary table'
  if (relation.extension !== null) return `belongs to extension ${relation.extension}`
  if (relation.kind === 'v') return 'view'
  if (relation.kind === 'm') return 'materialised view'
  if (relation.kind === 'f') return 'foreign table: its rows live on another server'
  if (relation.partition === 't') return 'partition: its rows are exported with the partitioned table'
  return undefined
}

async function describeTables(
  client: PgClient,
  relations: readonly Relation[],
): Promise<Pick<Description, 'collections' | 'columns' | 'mandatory'>> {
  const oids = relations.map((relation) => relation.oid)
  const columns = await readColumns(client, oids)
  const indexes = groupByTable((await client.query<IndexRow>(INDEXES, [oids])).rows)
  const foreignKeys = groupByTable((await client.query<ReferenceRow>(FOREIGN_KEYS, [oids])).rows)
  const schemas = relations.map((relation) =>
    schemaOf(collectionName(relation), {
      columns: (columns.get(relation.oid) ?? []).filter((column) => !column.generated),
      indexes: indexes.get(relation.oid) ?? [],
      foreignKeys: foreignKeys.get(relation.oid) ?? [],
    }),
  )
  const needed = relations.map(
    (relation) => [collectionName(relation), mandatoryOf(columns.get(relation.oid) ?? [])] as const,
  )
  const ordered = relations.map(
    (relation) => [collectionName(relation), inTableOrder(columns.get(relation.oid) ?? [])] as const,
  )
  return {
    collections: schemas.sort((a, b) => compareBytes(a.name, b.name)),
    columns: new Map(ordered),
    mandatory: mandatoryFields(needed),
  }
}

/** The names of the columns that records have, in the order of the table. */
function inTableOrder(columns: readonly LiveColumn[]): string[] {
  const ordered = columns.filter(({ generated }) => !generated).sort((a, b) => a.position - b.position)
  return ordered.map(({ name }) => name)
}

function mandatoryOf(columns: readonly LiveColumn[]): string[] {
  return columns
    .filter(({ required, hasDefault, generated }) => required && !hasDefault && !generated)
    .map(({ name }) => name)
}

/** Unique indexes without a predicate or an expression, whether a constraint made them or not. Names of columns in the order of the index. */
const INDEXES = `
  SELECT i.indrelid AS table, i.indisprimary AS primary,
    (SELECT json_agg(a.attname ORDER BY k.position) FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, position)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.position <= i.indnkeyatts) AS fields
  FROM pg_index i
  WHERE i.indrelid = ANY($1::oid[]) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND (i.indisprimary OR NOT i.indisexclusion)`

interface IndexRow {
  readonly table: string
  readonly primary: string
  readonly fields: string
}

/**
 * Foreign keys. One that stands on a partition is the partitioned table's, whose records the partition holds; and one that leads to a partition leads to the table. Those with a
 * conparentid are left out: they are the copies that partitions have of their root's foreign keys.
 */
const FOREIGN_KEYS = `
  WITH tables AS (SELECT t.oid, t.oid AS root FROM unnest($1::oid[]) t(oid)
    UNION SELECT tree.relid, t.oid FROM unnest($1::oid[]) t(oid), pg_partition_tree(t.oid) tree)
  SELECT child.root AS table, n.nspname AS to_schema, c.relname AS to_table,
    (SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(k.conkey) WITH ORDINALITY u(attnum, position)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS fields,
    (SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(k.confkey) WITH ORDINALITY u(attnum, position)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS to_fields
  FROM pg_constraint k JOIN tables child ON child.oid = k.conrelid
    JOIN pg_class c ON c.oid = coalesce(pg_partition_root(k.confrelid), k.confrelid)
    JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'f' AND k.conparentid = 0`

type ReferenceRow = Readonly<Record<'table' | 'to_schema' | 'to_table' | 'fields' | 'to_fields', string>>

function groupByTable<Row extends { readonly table: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.table)
    if (group === undefined) groups.set(row.table, [row])
    else group.push(row)
  }
  return groups
}

/** What the catalogue has of one table. */
interface Parts {
  readonly columns: readonly LiveColumn[]
  readonly indexes: readonly IndexRow[]
  readonly foreignKeys: readonly ReferenceRow[]
}

/** The schema of one table. Keys and references with a generated column are left out, because records do not contain that column. */
function schemaOf(name: string, { columns, indexes, foreignKeys }: Parts): CollectionSchema {
  const names = new Set(columns.map((column) => column.name))
  const visible = (fields: readonly string[]): boolean => fields.every((field) => names.has(field))
  const keys = indexes.map((row) => ({ primary: row.primary === 't', fields: JSON.parse(row.fields) as string[] }))
  const uniques = keys.filter((key) => !key.primary && visible(key.fields)).map((key) => key.fields)
  const key = keys.find(({ primary, fields }) => primary && visible(fields))?.fields ?? []
  const references = foreignKeys.map(referenceOf).filter((reference) => visible(reference.fields))
  return {
    name,
    fields: columns.map(fieldOf),
    key,
    uniques: distinctByText(uniques).filter((unique) => JSON.stringify(unique) !== JSON.stringify(key)),
    references: distinctByText(references),
    order: 'sorted',
  }
}

function fieldOf(column: LiveColumn): FieldSchema {
  return {
    name: column.name,
    type: column.type,
    ...(column.required && { required: true as const }),
    ...(column.sequence !== undefined && { serial: true as const }),
  }
}

function referenceOf(row: ReferenceRow): Reference {
  return {
    fields: JSON.parse(row.fields) as string[],
    to: collectionName({ schema: row.to_schema, table: row.to_table }),
    toFields: JSON.parse(row.to_fields) as string[],
  }
}
