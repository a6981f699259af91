/** Describes an SQLite database in words that are the same for every engine: the tables that can be exported, and what is left out and why. */
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema, FieldSchema } from '../../model/collection.ts'
import type { Description, LeftOut } from '../adapter.ts'
import { distinctByText } from '../distinct.ts'
import { mandatoryFields } from '../mandatory.ts'
import { type Column, type Table, type TableEntry, listTables, readTables } from './catalog.ts'
import type { SqliteConnection } from './connect.ts'
import { unusableReason } from './usable.ts'

/** The table in which the tool keeps its own texts. */
export const STATE_TABLE = '_tandem'

/** The description of the database, as `Adapter.describe` returns it. @param database the path of the file as shown to people */
export function describeDatabase(connection: SqliteConnection, database: string): Description {
  const tables = [...readTables(connection).values()].filter((table) => !isOwn(table.name))
  const unusable = tables.flatMap((table): LeftOut[] => {
    const reason = unusableReason(connection, table)
    return reason === undefined ? [] : [{ name: table.name, reason, isHeld: true }]
  })
  const names = new Set(unusable.map(({ name }) => name))
  const leftOut = [...listTables(connection).flatMap(leftOutFor), ...unusable]
  const version = connection.rows('SELECT sqlite_version()')[0]?.[0]
  return {
    collections: tables
      .filter(({ name }) => !names.has(name))
      .map(schemaOf)
      .sort((a, b) => compareBytes(a.name, b.name)),
    columns: new Map(tables.map(({ name, columns }) => [name, writable(columns).map((column) => column.name)])),
    leftOut: leftOut.sort((a, b) => compareBytes(a.name, b.name)),
    mandatory: mandatoryFields(tables.map((table) => [table.name, mandatoryOf(table)])),
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

/** Nobody can write generated columns. */
function writable(columns: readonly Column[]): readonly Column[] {
  return columns.filter((column) => !column.generated)
}

/** The schema of one table, without generated columns. */
function schemaOf(table: Table): CollectionSchema {
  const fields = writable(table.columns).map((column) => fieldOf(table, column))
  return {
    name: table.name,
    fields: fields.sort((a, b) => compareBytes(a.name, b.name)),
    key: table.primaryKey,
    uniques: uniquesOf(table),
    references: distinctByText(table.foreignKeys),
    order: 'sorted',
  }
}

/** The rowid is handed out, and a generated column computed. */
function mandatoryOf({ columns, rowidAlias }: Table): string[] {
  const needed = columns.filter(({ notNull, hasDefault, generated }) => notNull && !hasDefault && !generated)
  return needed.map(({ name }) => name).filter((name) => name !== rowidAlias)
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

/** Our name of the column's affinity, so that `INT` and `BIGINT` are one type (https://www.sqlite.org/datatype3.html#determination_of_column_affinity). */
export function typeOf(table: Pick<Table, 'strict'>, declared: string): string {
  if (declared === '' || (table.strict && declared === 'ANY')) return 'any'
  if (declared.includes('INT')) return 'integer'
  if (/CHAR|CLOB|TEXT/.test(declared)) return 'text'
  if (declared.includes('BLOB')) return 'blob'
  return /REAL|FLOA|DOUB/.test(declared) ? 'real' : 'numeric'
}

/** The unique keys that hold for every row. One with a generated column is left out, because records do not contain that column. */
function uniquesOf(table: Table): readonly (readonly string[])[] {
  const generated = new Set(table.columns.filter((column) => column.generated).map((column) => column.name))
  return distinctByText(
    table.uniqueIndexes.flatMap((index) => {
      const usable = !index.isPrimaryKey && index.columns?.every((column) => !generated.has(column))
      return usable === true && index.columns !== undefined ? [index.columns] : []
    }),
  )
}
