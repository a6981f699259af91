/** The structure of the database as collections: which tables can be exported, their fields, keys and references, and what is left out and why. */
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema, FieldSchema, Reference } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Description, LeftOut } from '../adapter.ts'
import type { Database } from './connect.ts'
import { collectionName } from './name.ts'
import type { Connection } from './session.ts'
import { readColumns, type Column } from './table.ts'

interface Relation {
  readonly oid: string
  readonly schema: string
  readonly table: string
  readonly kind: string
  readonly persistence: string
  readonly partition: string
  /** The extension that owns it or its schema; null: none. */
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

/** What is in the database now, as seen by `client`. @throws UsageError when a schema named in the URL does not exist */
export async function describe(client: Connection, database: Database): Promise<Description> {
  await checkSchemas(client, database)
  const relations = (await client.query<Relation>(RELATIONS)).rows.filter((relation) => isOurs(relation, database))
  const leftOut: LeftOut[] = []
  const tables: Relation[] = []
  for (const relation of relations) {
    const reason = reasonToLeaveOut(relation)
    if (reason === undefined) tables.push(relation)
    else leftOut.push({ name: collectionName(relation), reason })
  }
  const collections = await describeTables(client, tables)
  leftOut.sort((a, b) => compareBytes(a.name, b.name))
  return { collections, leftOut, database: database.name, server: database.server }
}

async function checkSchemas(client: Connection, { schemas, source, name }: Database): Promise<void> {
  if (schemas === undefined) return
  const { rows } = await client.query<{ nspname: string }>('SELECT nspname FROM pg_namespace')
  const there = new Set(rows.map((row) => row.nspname))
  const missing = schemas.find((schema) => !there.has(schema))
  if (missing === undefined) return
  throw new UsageError(`${source}: database ${name} has no schema ${missing}`, {
    hint: 'correct ?schema= in the URL, or run your migrations',
  })
}

function isOurs(relation: Relation, { schemas }: Database): boolean {
  return schemas === undefined || schemas.includes(relation.schema)
}

function reasonToLeaveOut(relation: Relation): string | undefined {
  if (relation.persistence === 't') return 'temporary table'
  if (relation.extension !== null) return `belongs to extension ${relation.extension}`
  if (relation.kind === 'v') return 'view'
  if (relation.kind === 'm') return 'materialised view'
  if (relation.kind === 'f') return 'foreign table: its rows live on another server'
  if (relation.partition === 't') return 'partition: its rows are exported with the partitioned table'
  return undefined
}

async function describeTables(client: Connection, relations: readonly Relation[]): Promise<CollectionSchema[]> {
  const oids = relations.map((relation) => relation.oid)
  const columns = await readColumns(client, oids)
  const indexes = groupByTable((await client.query<IndexRow>(INDEXES, [oids])).rows)
  const foreignKeys = groupByTable((await client.query<ForeignKeyRow>(FOREIGN_KEYS, [oids])).rows)
  const schemas = relations.map((relation) =>
    schemaOf(collectionName(relation), {
      columns: (columns.get(relation.oid) ?? []).filter((column) => !column.generated),
      indexes: indexes.get(relation.oid) ?? [],
      foreignKeys: foreignKeys.get(relation.oid) ?? [],
    }),
  )
  return schemas.sort((a, b) => compareBytes(a.name, b.name))
}

/** Plain unique indexes, whether or not a constraint stands behind them: no predicate, no expression. Names of columns in index order. */
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

/** conparentid: the copies that partitions carry of their root's foreign keys. */
const FOREIGN_KEYS = `
  SELECT k.conrelid AS table, n.nspname AS to_schema, c.relname AS to_table,
    (SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(k.conkey) WITH ORDINALITY u(attnum, position)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS fields,
    (SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(k.confkey) WITH ORDINALITY u(attnum, position)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS to_fields
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY($1::oid[])`

type ForeignKeyRow = Readonly<Record<'table' | 'to_schema' | 'to_table' | 'fields' | 'to_fields', string>>

function groupByTable<Row extends { readonly table: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.table)
    if (group === undefined) groups.set(row.table, [row])
    else group.push(row)
  }
  return groups
}

interface Parts {
  readonly columns: readonly Column[]
  readonly indexes: readonly IndexRow[]
  readonly foreignKeys: readonly ForeignKeyRow[]
}

/** Keys over generated columns are left out like the columns: no record could show them. */
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
    uniques: sortedByText(uniques).filter((unique) => JSON.stringify(unique) !== JSON.stringify(key)),
    references: sortedByText(references),
    order: 'sorted',
  }
}

function fieldOf(column: Column): FieldSchema {
  return {
    name: column.name,
    type: column.type,
    ...(column.required && { required: true as const }),
    ...(column.sequence !== undefined && { serial: true as const }),
  }
}

function referenceOf(row: ForeignKeyRow): Reference {
  return {
    fields: JSON.parse(row.fields) as string[],
    to: collectionName({ schema: row.to_schema, table: row.to_table }),
    toFields: JSON.parse(row.to_fields) as string[],
  }
}

/** Each once, in the order of their JSON texts: the order in the catalogue depends on history. */
function sortedByText<Item>(items: readonly Item[]): Item[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]))
  return [...byText].sort((a, b) => compareBytes(a[0], b[0])).map(([, item]) => item)
}
