/**
 * Reads SQLite's own catalogue: tables, columns, indexes, foreign keys. Apart from describe.ts because applying a plan needs more of it than a description
 * may say (rowid, partial indexes, generated columns).
 */
import type { Connection, SqlRow, SqlValue } from './connect.ts'
import { decodedText, quoted } from './values.ts'
import type { TextEncoding } from './values.ts'

export interface Column {
  readonly name: string
  readonly declaredType: string
  readonly notNull: boolean
  /** Place in the primary key, from 1; 0: not part of it. */
  readonly keyPosition: number
  readonly generated: boolean
}

interface UniqueIndex {
  /** Undefined when the index is partial or has an expression: then any column may decide. */
  readonly columns: readonly string[] | undefined
  /** The collation of each part of the index: `BINARY`, `NOCASE` … */
  readonly collations: readonly string[]
  readonly isPrimaryKey: boolean
}

export interface ForeignKey {
  readonly fields: readonly string[]
  readonly to: string
  readonly toFields: readonly string[]
}

export interface Table {
  readonly name: string
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  readonly strict: boolean
  /** The name by which the rowid can be reached; undefined for WITHOUT ROWID, or when columns hide all three names. */
  readonly rowid: string | undefined
  /** The INTEGER PRIMARY KEY column, another name of the rowid. */
  readonly rowidAlias: string | undefined
  readonly uniqueIndexes: readonly UniqueIndex[]
  readonly foreignKeys: readonly ForeignKey[]
}

/** An entry of `PRAGMA table_list` (https://www.sqlite.org/pragma.html#pragma_table_list). */
export interface TableEntry {
  readonly name: string
  readonly type: 'table' | 'view' | 'shadow' | 'virtual'
  readonly withoutRowid: boolean
  readonly strict: boolean
  /** Names or SQL that are not UTF-8: the driver cannot read them. */
  readonly unreadable: boolean
}

/** All tables and views of the main database, SQLite's own (`sqlite_…`) apart. */
export function listTables(connection: Connection): TableEntry[] {
  const encoding = textEncoding(connection)
  const unreadable = unreadableTables(connection, encoding)
  const rows = connection.rows(
    `SELECT CAST(name AS BLOB), type, wr, strict FROM pragma_table_list
     WHERE schema = 'main' AND lower(substr(name, 1, 7)) <> 'sqlite_'`,
  )
  return rows.map((row) => {
    const name = decodedText(row[0] as Uint8Array, encoding)
    return {
      name: name ?? Buffer.from(row[0] as Uint8Array).toString('utf8'),
      type: row[1] as TableEntry['type'],
      withoutRowid: row[2] === 1n,
      strict: row[3] === 1n,
      unreadable: name === undefined || unreadable.has(name),
    }
  })
}

export function textEncoding(connection: Connection): TextEncoding {
  return connection.rows('PRAGMA encoding')[0]?.[0] as TextEncoding
}

/** Tables in whose definition (or index, or trigger) something is no valid text: the driver would abort on reading it. */
function unreadableTables(connection: Connection, encoding: TextEncoding): ReadonlySet<string> {
  const found = new Set<string>()
  const blob = (column: string) => `CAST(coalesce(${column}, '') AS BLOB)`
  for (const row of connection.rows(`SELECT ${blob('tbl_name')}, ${blob('name')}, ${blob('sql')} FROM sqlite_master`)) {
    const [table, ...rest] = row.map((value) => decodedText(value as Uint8Array, encoding))
    if (table !== undefined && rest.includes(undefined)) found.add(table)
  }
  return found
}

/** Ordinary tables that can be read, by name: what a description and a plan may speak of. */
export function readTables(connection: Connection): ReadonlyMap<string, Table> {
  const entries = listTables(connection).filter((entry) => entry.type === 'table' && !entry.unreadable)
  const drafts = entries.map((entry) => readTable(connection, entry))
  return new Map(drafts.map((draft) => [draft.name, withReferences(connection, draft, drafts)]))
}

function readTable(connection: Connection, entry: TableEntry): Table {
  const columns = connection
    .rows(`PRAGMA table_xinfo(${quoted(entry.name)})`)
    .filter((row) => row[6] !== 1n)
    .map(columnOf)
  const primaryKey = columns
    .filter((column) => column.keyPosition > 0)
    .sort((a, b) => a.keyPosition - b.keyPosition)
    .map((column) => column.name)
  const uniqueIndexes = readUniqueIndexes(connection, entry.name)
  return {
    name: entry.name,
    columns,
    primaryKey,
    strict: entry.strict,
    rowid: entry.withoutRowid ? undefined : rowidName(columns),
    rowidAlias: entry.withoutRowid ? undefined : rowidAlias(columns, primaryKey, uniqueIndexes),
    uniqueIndexes,
    foreignKeys: [],
  }
}

function columnOf(row: SqlRow): Column {
  return {
    name: text(row[1]),
    declaredType: text(row[2]),
    notNull: row[3] === 1n,
    keyPosition: Number(row[5]),
    generated: row[6] === 2n || row[6] === 3n,
  }
}

function rowidName(columns: readonly Column[]): string | undefined {
  const taken = new Set(columns.map((column) => column.name.toLowerCase()))
  return ['_rowid_', 'rowid', 'oid'].find((name) => !taken.has(name))
}

/** `INTEGER PRIMARY KEY` is the rowid itself and then needs no index; `INTEGER PRIMARY KEY DESC` is not (https://www.sqlite.org/lang_createtable.html#rowid). */
function rowidAlias(
  columns: readonly Column[],
  primaryKey: readonly string[],
  indexes: readonly UniqueIndex[],
): string | undefined {
  if (primaryKey.length !== 1 || indexes.some((index) => index.isPrimaryKey)) return undefined
  return columns.find((column) => column.keyPosition === 1 && column.declaredType.toUpperCase() === 'INTEGER')?.name
}

function readUniqueIndexes(connection: Connection, table: string): UniqueIndex[] {
  const indexes = connection.rows(`PRAGMA index_list(${quoted(table)})`).filter((row) => row[2] === 1n)
  return indexes.map((row) => {
    const parts = connection.rows(`PRAGMA index_xinfo(${quoted(text(row[1]))})`).filter((part) => part[5] === 1n)
    const plain = row[4] === 0n && parts.every((part) => part[2] !== null)
    return {
      columns: plain ? parts.map((part) => text(part[2])) : undefined,
      collations: parts.map((part) => text(part[4])),
      isPrimaryKey: row[3] === 'pk',
    }
  })
}

/** Names in REFERENCES are matched without regard to case; here they are given as the parent spells them. Keys to missing tables are no keys. */
function withReferences(connection: Connection, table: Table, tables: readonly Table[]): Table {
  const all = connection.rows(`PRAGMA foreign_key_list(${quoted(table.name)})`)
  const foreignKeys = [...new Set(all.map((row) => row[0]))].flatMap((id) => {
    const ordered = all.filter((row) => row[0] === id).sort((a, b) => Number(a[1]) - Number(b[1]))
    const parent = tables.find((other) => same(other.name, text(ordered[0]?.[2])))
    const toFields = parent === undefined ? [] : parentFields(parent, ordered)
    if (parent === undefined || toFields.length !== ordered.length) return []
    return [{ fields: ordered.map((row) => columnName(table, text(row[3]))), to: parent.name, toFields }]
  })
  return { ...table, foreignKeys }
}

/** `REFERENCES parent` without columns means the parent's primary key. */
function parentFields(parent: Table, rows: readonly SqlRow[]): readonly string[] {
  if (rows.some((row) => row[4] === null)) return parent.primaryKey
  return rows.map((row) => columnName(parent, text(row[4])))
}

function columnName(table: Table, name: string): string {
  return table.columns.find((column) => same(column.name, name))?.name ?? name
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function text(value: SqlValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
