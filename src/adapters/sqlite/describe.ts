/** An SQLite database as the engine-neutral description that exports carry: the tables that can be exported, and what is left out and why. */
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema, FieldSchema, Reference } from '../../model/collection.ts'
import type { Description, LeftOut } from '../adapter.ts'
import { listTables, readTables } from './catalog.ts'
import type { Column, Table, TableEntry } from './catalog.ts'
import type { Connection } from './connect.ts'

/** The table the tool keeps its own texts in. */
export const STATE_TABLE = '_tandem'

/** Reads the whole description; `database` is what people call the file. */
export function describeDatabase(connection: Connection, database: string): Description {
  const tables = [...readTables(connection).values()].filter((table) => !isOwn(table.name))
  const leftOut = listTables(connection).flatMap(leftOutFor)
  const version = connection.rows('SELECT sqlite_version()')[0]?.[0]
  return {
    collections: tables.map(schemaOf).sort((a, b) => compareBytes(a.name, b.name)),
    leftOut: leftOut.sort((a, b) => compareBytes(a.name, b.name)),
    database,
    server: `SQLite ${typeof version === 'string' ? version : ''}`.trim(),
  }
}

function isOwn(name: string): boolean {
  return name.toLowerCase() === STATE_TABLE
}

function leftOutFor(entry: TableEntry): readonly LeftOut[] {
  const reason = isOwn(entry.name) ? undefined : leftOutReason(entry)
  return reason === undefined ? [] : [{ name: entry.name, reason }]
}

function leftOutReason(entry: TableEntry): string | undefined {
  if (entry.type === 'view') return 'a view: computed from tables'
  if (entry.type === 'virtual') return 'a virtual table: its module keeps the data'
  if (entry.type === 'shadow') return 'belongs to a virtual table'
  return entry.unreadable ? 'its definition is not valid text' : undefined
}

/** The schema of one table; generated columns are left out, since nobody can write them. */
function schemaOf(table: Table): CollectionSchema {
  const fields = table.columns.filter((column) => !column.generated).map((column) => fieldOf(table, column))
  return {
    name: table.name,
    fields: fields.sort((a, b) => compareBytes(a.name, b.name)),
    key: table.primaryKey,
    uniques: uniquesOf(table),
    references: distinct(table.foreignKeys.map(referenceOf)),
    order: 'sorted',
  }
}

function fieldOf(table: Table, column: Column): FieldSchema {
  const isRowid = column.name === table.rowidAlias
  return {
    name: column.name,
    type: typeOf(table, column.declaredType.toUpperCase()),
    ...((column.notNull || isRowid) && { required: true }),
    ...(isRowid && { serial: true }),
  }
}

/** The column's affinity, so that `INT` and `BIGINT` are one type (https://www.sqlite.org/datatype3.html#determination_of_column_affinity). */
function typeOf(table: Table, declared: string): string {
  if (declared === '' || (table.strict && declared === 'ANY')) return 'any'
  if (declared.includes('INT')) return 'integer'
  if (/CHAR|CLOB|TEXT/.test(declared)) return 'text'
  if (declared.includes('BLOB')) return 'blob'
  return /REAL|FLOA|DOUB/.test(declared) ? 'real' : 'numeric'
}

/** Unique keys that hold for every row. One over a generated column says nothing about the fields of a record. */
function uniquesOf(table: Table): readonly (readonly string[])[] {
  const generated = new Set(table.columns.filter((column) => column.generated).map((column) => column.name))
  return distinct(
    table.uniqueIndexes.flatMap((index) => {
      const usable = !index.isPrimaryKey && index.columns?.every((column) => !generated.has(column))
      return usable === true && index.columns !== undefined ? [index.columns] : []
    }),
  )
}

function referenceOf(reference: Reference): Reference {
  return { fields: reference.fields, to: reference.to, toFields: reference.toFields }
}

/** Each once, in the order of their texts. */
function distinct<Item>(items: readonly Item[]): Item[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]))
  return [...byText].sort((a, b) => compareBytes(a[0], b[0])).map(([, item]) => item)
}
