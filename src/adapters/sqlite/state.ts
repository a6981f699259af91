/** The tool's own texts inside the database: table `_tandem`. Apart from apply.ts because the binding and the candidate are also written on their own. */
import type { StateChanges } from '../../model/change.ts'
import { immediately } from './connect.ts'
import type { Connection } from './connect.ts'
import { STATE_TABLE } from './describe.ts'

/** All texts by name; empty when the table was never created. Creates nothing. */
export function readState(connection: Connection): ReadonlyMap<string, string> {
  if (!hasState(connection)) return new Map()
  const rows = connection.rows(`SELECT name, value FROM ${STATE_TABLE} ORDER BY name`)
  return new Map(rows.map((row) => [String(row[0]), String(row[1])]))
}

/** True when every expected text is still so (`undefined`: still absent). */
export function stateHolds(connection: Connection, expected: StateChanges): boolean {
  if (expected.size === 0) return true
  const state = readState(connection)
  return [...expected].every(([name, value]) => state.get(name) === value)
}

/** Writes the texts inside the transaction that is open, creating the table on first use. */
export function putState(connection: Connection, changes: StateChanges): void {
  if (changes.size === 0) return
  connection.exec(`CREATE TABLE IF NOT EXISTS ${STATE_TABLE} (name TEXT PRIMARY KEY, value TEXT NOT NULL)`)
  for (const [name, value] of changes) {
    if (value === undefined) connection.run(`DELETE FROM ${STATE_TABLE} WHERE name = ?`, [name])
    else connection.run(`INSERT OR REPLACE INTO ${STATE_TABLE} (name, value) VALUES (?, ?)`, [name, value])
  }
}

/** Compare and set in one transaction; false if an expected text no longer holds, and then nothing is written. */
export function writeState(connection: Connection, changes: StateChanges, expected: StateChanges): boolean {
  return immediately(connection, () => {
    if (!stateHolds(connection, expected)) return false
    putState(connection, changes)
    return true
  })
}

/** Removes the table. */
export function dropState(connection: Connection): void {
  connection.exec(`DROP TABLE IF EXISTS ${STATE_TABLE}`)
}

function hasState(connection: Connection): boolean {
  return connection.rows(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '${STATE_TABLE}'`).length > 0
}
