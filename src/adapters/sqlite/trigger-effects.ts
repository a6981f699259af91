/** What the triggers of the exported tables write, for people. */
import type { TriggerEffect } from '../adapter.ts'
import type { SqliteConnection } from './connect.ts'
import { listTables, readTables } from './catalog.ts'
import { readVirtualTables } from './indexes.ts'
import { keepsIndex, readTriggers } from './triggers.ts'

/** The triggers that write other tables than the one on which they stand. */
export function triggerEffects(connection: SqliteConnection): TriggerEffect[] {
  const indexes = readVirtualTables(connection)
  const names = new Map(listTables(connection).map(({ name }) => [name.toLowerCase(), name]))
  return [...readTables(connection).keys()].flatMap((table) =>
    readTriggers(connection, table).flatMap((trigger) => {
      const others = trigger.writes.map((write) => write.table).filter((name) => name !== table.toLowerCase())
      if (others.length === 0) return []
      const writes = [...new Set(others)].map((name) => names.get(name) ?? name)
      return [{ name: trigger.name, collection: table, writes, fills: [], keepsIndex: keepsIndex(trigger, indexes) }]
    }),
  )
}
