/**
 * Tables that only the application can read or write, since they need a collation or function that it defines when it runs (Anki's `unicase`, a slug in a generated column or index).
 * SQLite tells when it prepares a statement, so nothing is run to find out.
 */
import { quotedName } from '../sql-text.ts'
import type { Table } from './catalog.ts'
import { type SqliteConnection, sqliteCode } from './connect.ts'

/** Why the tool cannot read or write the table; undefined where it can. */
export function unusableReason(connection: SqliteConnection, table: Table): string | undefined {
  for (const sql of probes(table)) {
    try {
      connection.check(sql)
    } catch (error) {
      if (sqliteCode(error) === undefined) throw error
      const text = error instanceof Error ? error.message : String(error)
      if (!isNeeded(connection, table, text)) continue
      return `SQLite without your program cannot use it: ${text}; exclude it, or keep collations and functions of the program out of its columns and indexes`
    }
  }
  return undefined
}

/** A trigger may need anything, and is taken away while the tool writes: a missing function counts only for a table without triggers, a missing table never. */
function isNeeded(connection: SqliteConnection, { name }: Table, text: string): boolean {
  if (/no such collation sequence|no query solution/.test(text)) return true
  if (!/(no such|unknown) function/.test(text)) return false
  const sql = `SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)`
  return connection.rows(sql, [name]).length === 0
}

/** Each kind of statement that reads or writes the table, so that each of its columns, indexes and checks is needed by one. */
function probes({ name, columns }: Table): string[] {
  const table = quotedName(name)
  const written = columns.filter((column) => !column.generated).map((column) => quotedName(column.name))
  return [
    `SELECT count(*) FROM ${table}`,
    `SELECT * FROM ${table}`,
    `DELETE FROM ${table}`,
    `UPDATE ${table} SET ${written.map((column) => `${column} = ${column}`).join(', ')}`,
    `INSERT INTO ${table} (${written.join(', ')}) VALUES (${written.map(() => 'NULL').join(', ')})`,
  ]
}
