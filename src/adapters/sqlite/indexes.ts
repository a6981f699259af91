/**
 * Virtual tables that are indexes over ordinary ones: full-text search (FTS3 to FTS5) and R*Trees. An application keeps them by triggers; when records are applied, the index has to
 * follow in the same transaction, or a search does not find them and the application's next write fails with "database disk image is malformed".
 */
import { UndoneError } from '../../model/errors.ts'
import { quotedName } from '../sql-text.ts'
import { listTables } from './catalog.ts'
import { type SqliteConnection, sqliteCode } from './connect.ts'

/** A virtual table. */
export interface VirtualTable {
  readonly name: string
  /** The module's name in lower case: `fts5`, `rtree`. */
  readonly module: string
  /** The table or view, in lower case, whose text an "external content" full-text index indexes without keeping it. */
  readonly content: string | undefined
}

/** All virtual tables whose definition can be read, by their names in lower case. */
export function readVirtualTables(connection: SqliteConnection): ReadonlyMap<string, VirtualTable> {
  const entries = listTables(connection).filter(({ type, unreadable }) => type === 'virtual' && !unreadable)
  return new Map(
    entries.map(({ name }) => {
      const sql = String(connection.rows('SELECT sql FROM sqlite_master WHERE name = ?', [name])[0]?.[0])
      const [, module = '', options = ''] = /\bUSING\s+["`[]?(\w+)["`\]]?\s*(.*)$/is.exec(sql) ?? []
      return [name.toLowerCase(), { name, module: module.toLowerCase(), content: contentOf(options) }]
    }),
  )
}

function contentOf(options: string): string | undefined {
  const [, quoted, bare] = /[(,]\s*content\s*=\s*(?:['"`[]([^'"`\]]*)['"`\]]|([^\s,)]+))/is.exec(options) ?? []
  const name = (quoted ?? bare ?? '').toLowerCase()
  return name === '' ? undefined : name // content='' is an index that keeps no text at all
}

function isFullText({ module }: VirtualTable): boolean {
  return /^fts[345]$/.test(module)
}

/** True when the index can be made anew from the text that it indexes. */
export function canRebuild(table: VirtualTable): boolean {
  return isFullText(table) && table.content !== undefined
}

/** Makes a full-text index anew from its content. */
export function rebuild(connection: SqliteConnection, { name }: VirtualTable): void {
  const table = quotedName(name)
  connection.exec(`INSERT INTO ${table}(${table}) VALUES ('rebuild')`)
}

/**
 * True when the index is sound and, with `content`, says the same as the text that it indexes. The indexes of unknown modules are not looked into.
 * FTS5 compares with an external content only if `rank` is 1; FTS3 and FTS4 always compare (https://www.sqlite.org/fts5.html#the_integrity_check_command).
 */
export function isSound(connection: SqliteConnection, table: VirtualTable, content: boolean): boolean {
  const name = quotedName(table.name)
  if (table.module.startsWith('rtree')) return connection.rows(`SELECT rtreecheck(?)`, [table.name])[0]?.[0] === 'ok'
  if (!isFullText(table) || (table.module !== 'fts5' && !content)) return true
  const columns = table.module === 'fts5' ? `${name}, rank` : name
  const values = table.module === 'fts5' ? `'integrity-check', ${content ? 1 : 0}` : `'integrity-check'`
  try {
    connection.exec(`INSERT INTO ${name}(${columns}) VALUES (${values})`)
    return true
  } catch (error) {
    if (!isCorrupt(error)) throw error
    return false
  }
}

/** SQLite found that an index does not fit. */
export function isCorrupt(error: unknown): boolean {
  return sqliteCode(error)?.startsWith('SQLITE_CORRUPT') === true
}

/** @throws UndoneError naming the index */
export function requireSound(connection: SqliteConnection, table: VirtualTable, content: boolean): void {
  if (isSound(connection, table, content)) return
  throw new UndoneError(`the index ${table.name} is damaged or does not fit its table; nothing was changed`, {
    hint: `make it anew, as your migrations made it, and try again`,
  })
}
