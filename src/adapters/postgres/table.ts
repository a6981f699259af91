/**
 * What the live catalogue says about tables and their columns. Describing and writing both start here, so no name in a statement comes from an export without having
 * been found in the catalogue.
 */
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { type TableName, parseCollectionName, qualified } from './name.ts'
import type { PgClient } from './session.ts'
import { readTypes } from './types.ts'
import type { CodedField } from './values.ts'

/** A column of a live table. */
export interface LiveColumn extends CodedField {
  /** Its number in the table. Numbers of dropped columns are not used again. */
  readonly position: number
  /** The engine-neutral name of its type. */
  readonly type: string
  readonly required: boolean
  /** An insert may leave it out although it is required: it has a default, is an identity column, or its domain has a default. */
  readonly hasDefault: boolean
  /** Computed by the database from other columns; never read or written here. */
  readonly generated: boolean
  /** GENERATED ALWAYS AS IDENTITY: an UPDATE may not set it. */
  readonly identityAlways: boolean
  /** `"schema"."name"` of the sequence its default draws from, for integers. */
  readonly sequence: string | undefined
}

/** A live table: what reading and writing it needs to know. */
export interface LiveTable extends TableName {
  readonly oid: string
  /** The collection's name. */
  readonly name: string
  /** Its rows are in child tables (partitions, chunks) and are read through it. Otherwise only its own rows are read, as tables that inherit from it are collections of their own. */
  readonly tree: boolean
  readonly rowSecurity: boolean
  /** All columns but the generated ones, by name. */
  readonly columns: ReadonlyMap<string, LiveColumn>
}

const COLUMNS = `
  SELECT a.attrelid AS table, a.attname AS name, a.attnum AS position, a.atttypid AS type, format_type(a.atttypid, a.atttypmod) AS formatted,
    a.attnotnull OR t.typnotnull AS required,
    a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS has_default, a.attgenerated <> '' AS generated, a.attidentity = 'a' AS identity_always,
    coalesce(
      (SELECT d.objid::regclass::text FROM pg_depend d
        WHERE a.attidentity <> '' AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
          AND d.refobjsubid = a.attnum AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'),
      (SELECT s.oid::regclass::text FROM pg_depend d JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
        WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass LIMIT 1)
    ) AS sequence
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum AND a.attgenerated = ''
  WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped`

type ColumnRow = Record<
  'table' | 'name' | 'position' | 'type' | 'formatted' | 'required' | 'has_default' | 'generated' | 'identity_always',
  string
> & {
  readonly sequence: string | null
}

/** Oid of each table → its columns, sorted by the bytes of their names. */
export async function readColumns(
  client: PgClient,
  oids: readonly string[],
): Promise<ReadonlyMap<string, LiveColumn[]>> {
  const { rows } = await client.query<ColumnRow>(COLUMNS, [oids])
  const types = await readTypes(
    client,
    rows.map((row) => row.type),
  )
  const tables = new Map<string, LiveColumn[]>(oids.map((oid) => [oid, []]))
  for (const row of rows) {
    const coding = types.coding(row)
    tables.get(row.table)?.push({
      name: row.name,
      position: Number(row.position),
      type: types.name(row),
      coding,
      required: row.required === 't',
      hasDefault: row.has_default === 't',
      generated: row.generated === 't',
      identityAlways: row.identity_always === 't',
      sequence: coding === 'integer' ? (row.sequence ?? undefined) : undefined,
    })
  }
  for (const columns of tables.values()) columns.sort((a, b) => compareBytes(a.name, b.name))
  return tables
}

/** The oids of TimescaleDB's hypertables: their rows are in child tables, though they are not partitioned tables. Empty without that extension. */
async function hypertables(client: PgClient): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ there: string }>(
    `SELECT to_regclass('_timescaledb_catalog.hypertable') IS NOT NULL AS there`,
  )
  if (rows[0]?.there !== 't') return new Set()
  const found = await client.query<{ oid: string }>(
    `SELECT c.oid FROM _timescaledb_catalog.hypertable h
     JOIN pg_namespace n ON n.nspname = h.schema_name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = h.table_name`,
  )
  return new Set(found.rows.map(({ oid }) => oid))
}

/**
 * The live table behind a collection.
 * @throws UsageError when there is no such table, or it lacks a field of the schema
 */
export async function liveTable(client: PgClient, database: Database, schema: CollectionSchema): Promise<LiveTable> {
  const name = parseCollectionName(schema.name)
  const found = name && (await findTable(client, name))
  if (name === undefined || found === undefined) {
    throw new UsageError(`source ${database.source}: the database has no table ${schema.name}`, {
      hint: 'run your migrations',
    })
  }
  const columns = (await readColumns(client, [found.oid])).get(found.oid) ?? []
  const table: LiveTable = {
    ...name,
    oid: found.oid,
    name: schema.name,
    tree: found.kind === 'p' || (await hypertables(client)).has(found.oid),
    rowSecurity: found.row_security === 't',
    columns: new Map(columns.filter((column) => !column.generated).map((column) => [column.name, column])),
  }
  const missing = [...schema.fields.map((field) => field.name), ...schema.key].find(
    (field) => !table.columns.has(field),
  )
  if (missing === undefined) return table
  throw new UsageError(`source ${database.source}: table ${schema.name} has no field ${missing}`, {
    hint: 'run your migrations',
  })
}

type TableRow = Record<'oid' | 'kind' | 'row_security', string>

async function findTable(client: PgClient, { schema, table }: TableName): Promise<TableRow | undefined> {
  const { rows } = await client.query<TableRow>(
    `SELECT c.oid, c.relkind AS kind, c.relrowsecurity AS row_security
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`,
    [schema, table],
  )
  return rows[0]
}

/** The table as it is written behind FROM, UPDATE and DELETE; ONLY leaves out tables that inherit from it, which are collections of their own. */
export function target(table: LiveTable): string {
  return table.tree ? qualified(table) : `ONLY ${qualified(table)}`
}

/** The statements an owner must run when the role lacks `privileges` (`SELECT`) on a table. */
export function grantFor(table: LiveTable, privileges: string, role: string): string {
  const all = `GRANT ${privileges} ON ALL TABLES IN SCHEMA ${quotedName(table.schema)} TO ${quotedName(role)}`
  const grant = `GRANT ${privileges} ON ${qualified(table)} TO ${quotedName(role)} (for every table: ${all}); or leave it out: "exclude", then tandem init`
  return table.rowSecurity ? `${grant}; ALTER ROLE "${role}" BYPASSRLS (the table has row-level security)` : grant
}
