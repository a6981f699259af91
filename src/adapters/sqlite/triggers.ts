/** The user's triggers are taken away while a plan is written, in the same transaction, and put back with the same SQL: SQLite has no switch for them. */
import { UndoneError } from '../../model/errors.ts'
import type { Connection } from './connect.ts'
import { quoted } from './values.ts'

interface Trigger {
  readonly name: string
  readonly sql: string
}

/** Runs `write` without the triggers of `tables`. @throws UndoneError if they do not come back as they were */
export function withoutTriggers(connection: Connection, tables: readonly string[], write: () => void): void {
  const triggers = readTriggers(connection, tables)
  for (const trigger of triggers) connection.exec(`DROP TRIGGER ${quoted(trigger.name)}`)
  write()
  // In their old order, as SQLite runs triggers of one event in an order that follows it.
  for (const trigger of triggers) connection.exec(trigger.sql)
  if (JSON.stringify(readTriggers(connection, tables)) !== JSON.stringify(triggers))
    throw new UndoneError(
      `the triggers of ${tables.join(', ')} could not be put back as they were; nothing was changed`,
    )
}

function readTriggers(connection: Connection, tables: readonly string[]): Trigger[] {
  const sql = `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY rowid`
  return tables.flatMap((table) =>
    connection.rows(sql, [table]).map((row) => ({ name: String(row[0]), sql: String(row[1]) })),
  )
}
