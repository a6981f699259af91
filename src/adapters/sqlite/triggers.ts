/**
 * Which triggers run while a plan is written. Without the configuration's word: those that keep an index of the database, and those that compute derived fields of their own table. All
 * others are off, since what they wrote on the other machine arrives as data. SQLite cannot disable a trigger, so it is dropped and made again with the same SQL, in the
 * transaction of the plan.
 */
import type { Selection } from '../../model/collection.ts'
import { UndoneError, UsageError } from '../../model/errors.ts'
import { quotedName } from '../sql-text.ts'
import type { SqliteConnection } from './connect.ts'
import type { VirtualTable } from './indexes.ts'
import { type TriggerText, readTriggerText } from './trigger-text.ts'

/** A trigger of an ordinary table. */
export interface Trigger extends TriggerText {
  readonly name: string
  readonly table: string
  readonly sql: string
}

/** The triggers of a table, in the order in which they were made. */
export function readTriggers(connection: SqliteConnection, table: string): Trigger[] {
  const sql = `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY rowid`
  return connection.rows(sql, [table]).map((row) => {
    const text = String(row[1])
    return { name: String(row[0]), table, sql: text, ...readTriggerText(text) }
  })
}

/** True when all that the trigger writes is virtual tables. */
export function keepsIndex({ writes }: Trigger, indexes: ReadonlyMap<string, VirtualTable>): boolean {
  return writes.length > 0 && writes.every(({ table }) => indexes.has(table))
}

/** True when all that the trigger writes is derived fields of its own table. */
function computesDerived({ table, writes }: Trigger, derived: readonly string[]): boolean {
  const names = new Set(derived.map((name) => name.toLowerCase()))
  const isOwn = (write: Trigger['writes'][number]): boolean =>
    write.table === table.toLowerCase() && write.columns?.every((column) => names.has(column)) === true
  return writes.length > 0 && writes.every(isOwn)
}

/** The triggers of a table that run while it is written. @throws UsageError when the configuration names one that the table does not have */
export function runningTriggers(
  all: readonly Trigger[],
  { schema, derived, triggers = [] }: Selection,
  indexes: ReadonlyMap<string, VirtualTable>,
): Trigger[] {
  if (triggers === 'none') return []
  const missing = triggers.find((name) => !all.some((trigger) => trigger.name === name))
  if (missing !== undefined)
    throw new UsageError(`${schema.name} has no trigger ${missing}`, {
      hint: `correct "triggers" of ${schema.name} in the configuration, or run your migrations`,
    })
  return all.filter(
    (trigger) => triggers.includes(trigger.name) || keepsIndex(trigger, indexes) || computesDerived(trigger, derived),
  )
}

/** Runs `write` while these triggers are gone. @throws UndoneError if the tables' triggers are not afterwards as they were */
export function withoutTriggers(connection: SqliteConnection, triggers: readonly Trigger[], write: () => void): void {
  const tables = [...new Set(triggers.map(({ table }) => table))]
  const stored = (): string => JSON.stringify(tables.map((table) => readTriggers(connection, table)))
  const before = stored()
  // all of a table's triggers are made again in their old order, because the order in which SQLite runs those of one event depends on it
  const again = tables.flatMap((table) => readTriggers(connection, table))
  for (const { name } of triggers) connection.exec(`DROP TRIGGER ${quotedName(name)}`)
  write()
  for (const { name } of again) connection.exec(`DROP TRIGGER IF EXISTS ${quotedName(name)}`)
  for (const { sql } of again) connection.exec(sql)
  if (stored() !== before)
    throw new UndoneError(
      `the triggers of ${tables.join(', ')} could not be put back as they were; nothing was changed`,
    )
}
