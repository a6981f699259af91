/**
 * Reads SQLite's own catalogue: tables, columns, indexes, foreign keys. Separate from describe.ts because applying a plan needs facts that a description leaves
 * out: the rowid, partial indexes, generated columns.
 */
import type { Reference } from '../../model/collection.ts'
import { quotedName } from '../sql-text.ts'
import type { SqliteConnection, SqlRow, SqlValue } from './connect.ts'
import { type TextEncoding, decodedText } from './values.ts'

/** A column as `PRAGMA table_xinfo` shows it. */
export interface Column {
  readonly name: string
  readonly declaredType: string
  readonly notNull: boolean
  readonly hasDefault: boolean
  /** Position in the primary key, counted from 1; 0 when the column is not part of it. */
  readonly keyPosition: number
  readonly generated: boolean
}

export interface UniqueIndex {
  readonly name: string
  /** Undefined when the index is partial or has an expression: then a change of any column may concern it. */
  readonly columns: readonly string[] | undefined
  /** Its CREATE INDEX statement; undefined for an index that a constraint of the table made. */
  readonly sql: string | undefined
  /** The collation of each part of the index: `BINARY`, `NOCASE` … */
  readonly collations: readonly string[]
  readonly isPrimaryKey: boolean
}

/** An ordinary table with all that applying a plan has to know of it. */
export interface Table {
  readonly name: string
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  readonly strict: boolean
  /** Its definition may hold an ON CONFLICT clause. */
  readonly hasConflictClause: boolean
  /** The name by which the rowid can be read; undefined for WITHOUT ROWID tables, or when columns have all three of its names. */
  readonly rowid: string | undefined
  /** The INTEGER PRIMARY KEY column, another name of the rowid. */
  readonly rowidAlias: string | undefined
  readonly uniqueIndexes: readonly UniqueIndex[]
  readonly foreignKeys: readonly Reference[]
}

/** An entry of `PRAGMA table_list` (https://www.sqlite.org/pragma.html#pragma_table_list). */
export interface TableEntry {
  readonly name: string
  readonly type: 'table' | 'view' | 'shadow' | 'virtual'
  readonly withoutRowid: boolean
  readonly strict: boolean
  /** Its name or its SQL is not valid text, so that the driver cannot read it. */
  readonly unreadable: boolean
}

/** All tables and views of the main database except SQLite's own (`sqlite_…`), in no particular order. */
export function listTables(connection: SqliteConnection): TableEntry[] {
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

/** How this database file stores text. */
export function textEncoding(connection: SqliteConnection): TextEncoding {
  return connection.rows('PRAGMA encoding')[0]?.[0] as TextEncoding
}

/** Names of tables whose definition, or that of an index or trigger of theirs, is not valid text: the driver would abort the process on reading it. */
function unreadableTables(connection: SqliteConnection, encoding: TextEncoding): ReadonlySet<string> {
  const found = new Set<string>()
  const blob = (column: string) => `CAST(coalesce(${column}, '') AS BLOB)`
  for (const row of connection.rows(`SELECT ${blob('tbl_name')}, ${blob('name')}, ${blob('sql')} FROM sqlite_master`)) {
    const [table, ...rest] = row.map((value) => decodedText(value as Uint8Array, encoding))
    if (table !== undefined && rest.includes(undefined)) found.add(table)
  }
  return found
}

/** The ordinary tables that can be read, by name. Only these are described and written to. */
export function readTables(connection: SqliteConnection): ReadonlyMap<string, Table> {
  const entries = listTables(connection).filter((entry) => entry.type === 'table' && !entry.unreadable)
  const drafts = entries.map((entry) => readTable(connection, entry))
  return new Map(drafts.map((draft) => [draft.name, withReferences(connection, draft, drafts)]))
}

function readTable(connection: SqliteConnection, entry: TableEntry): Table {
  const columns = connection
    .rows(`PRAGMA table_xinfo(${quotedName(entry.name)})`)
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
    hasConflictClause: hasConflictClause(connection, entry.name),
    rowid: entry.withoutRowid ? undefined : rowidName(columns),
    rowidAlias: entry.withoutRowid ? undefined : rowidAlias(columns, primaryKey, uniqueIndexes),
    uniqueIndexes,
    foreignKeys: [],
  }
}

function hasConflictClause(connection: SqliteConnection, table: string): boolean {
  const sql = connection.rows(`SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?`, [table])[0]?.[0]
  return /\bON\s+CONFLICT\b/i.test(text(sql))
}

function columnOf(row: SqlRow): Column {
  return {
    name: text(row[1]),
    declaredType: text(row[2]),
    notNull: row[3] === 1n,
    hasDefault: row[4] !== null && text(row[4]).toUpperCase() !== 'NULL',
    keyPosition: Number(row[5]),
    generated: row[6] === 2n || row[6] === 3n,
  }
}

function rowidName(columns: readonly Column[]): string | undefined {
  const taken = new Set(columns.map((column) => column.name.toLowerCase()))
  return ['_rowid_', 'rowid', 'oid'].find((name) => !taken.has(name))
}

/**
 * The column declared `INTEGER PRIMARY KEY`, which is another name of the rowid. SQLite keeps no index for it, and does for `INTEGER PRIMARY KEY DESC`, which is
 * not the rowid (https://www.sqlite.org/lang_createtable.html#rowid).
 */
function rowidAlias(
  columns: readonly Column[],
  primaryKey: readonly string[],
  indexes: readonly UniqueIndex[],
): string | undefined {
  if (primaryKey.length !== 1 || indexes.some((index) => index.isPrimaryKey)) return undefined
  return columns.find((column) => column.keyPosition === 1 && column.declaredType.toUpperCase() === 'INTEGER')?.name
}

function readUniqueIndexes(connection: SqliteConnection, table: string): UniqueIndex[] {
  const indexes = connection.rows(`PRAGMA index_list(${quotedName(table)})`).filter((row) => row[2] === 1n)
  return indexes.map((row) => {
    const parts = connection.rows(`PRAGMA index_xinfo(${quotedName(text(row[1]))})`).filter((part) => part[5] === 1n)
    const plain = row[4] === 0n && parts.every((part) => part[2] !== null)
    return {
      name: text(row[1]),
      columns: plain ? parts.map((part) => text(part[2])) : undefined,
      sql: sqlOf(connection, 'index', text(row[1])),
      collations: parts.map((part) => text(part[4])),
      isPrimaryKey: row[3] === 'pk',
    }
  })
}

/** The statement that made a table or an index, as the catalogue keeps it; undefined where it keeps none. */
export function sqlOf(connection: SqliteConnection, type: 'table' | 'index', name: string): string | undefined {
  const [row] = connection.rows('SELECT sql FROM main.sqlite_master WHERE type = ? AND name = ?', [type, name])
  return typeof row?.[0] === 'string' ? row[0] : undefined
}

/**
 * Adds the table's foreign keys. SQLite matches the names in REFERENCES without regard to case; here they are given as the parent's definition spells them. A
 * foreign key to a table or column that does not exist is left out.
 */
function withReferences(connection: SqliteConnection, table: Table, tables: readonly Table[]): Table {
  const all = connection.rows(`PRAGMA foreign_key_list(${quotedName(table.name)})`)
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
