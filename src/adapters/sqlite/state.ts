/** The tool's own texts inside the database, in the table `_tandem`. Separate from apply.ts because some of them (the binding, the candidate) are also written without a plan. */
import type { StateChanges } from '../../model/change.ts'
import { unexpectedText } from '../expected-state.ts'
import { type SqliteConnection, immediately } from './connect.ts'
import { STATE_TABLE } from './describe.ts'

/** All texts by name; empty when the table was never created. Creates nothing. */
export function readState(connection: SqliteConnection): ReadonlyMap<string, string> {
  if (!hasState(connection)) return new Map()
  const rows = connection.rows(`SELECT name, value FROM ${STATE_TABLE} ORDER BY name`)
  return new Map(rows.map((row) => [String(row[0]), String(row[1])]))
}

/** Writes texts (`undefined`: removes them) inside the transaction that is open. Creates the table on first use. */
export function putState(connection: SqliteConnection, changes: StateChanges): void {
  if (changes.size === 0) return
  connection.exec(`CREATE TABLE IF NOT EXISTS ${STATE_TABLE} (name TEXT PRIMARY KEY, value TEXT NOT NULL)`)
  for (const [name, value] of changes) {
    if (value === undefined) connection.run(`DELETE FROM ${STATE_TABLE} WHERE name = ?`, [name])
    else connection.run(`INSERT OR REPLACE INTO ${STATE_TABLE} (name, value) VALUES (?, ?)`, [name, value])
  }
}

/** Writes texts in one transaction if all of `expected` are still so; otherwise writes nothing and returns false. */
export function writeState(connection: SqliteConnection, changes: StateChanges, expected: StateChanges): boolean {
  return immediately(connection, () => {
    if (unexpectedText(readState(connection), expected) !== undefined) return false
    putState(connection, changes)
    return true
  })
}

/** Removes the table with all its texts. */
export function dropState(connection: SqliteConnection): void {
  connection.exec(`DROP TABLE IF EXISTS ${STATE_TABLE}`)
}

function hasState(connection: SqliteConnection): boolean {
  return connection.rows(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '${STATE_TABLE}'`).length > 0
}
