/**
 * The keys of a plan's changes to one table, in a temporary table: one query then finds all their rows, before writing and after it, where a query for each key took most of the time of an apply.
 * The number of a change is its position in `PreparedTable.writes`.
 */
import { quotedName } from '../sql-text.ts'
import type { SqliteConnection } from './connect.ts'
import type { LiveRow, PreparedTable } from './prepare.ts'

/** A prepared table with the temporary table of its keys. */
export interface KeyTable {
  readonly prepared: PreparedTable
  /** `temp.…`: the number `_tandem_n`, then the key fields `_tandem_k0`, `_tandem_k1` … */
  readonly name: string
}

/** Fills the temporary table. It stays on the connection until that is closed. @param position that of the collection in the plan */
export function fillKeyTable(connection: SqliteConnection, prepared: PreparedTable, position: number): KeyTable {
  const name = `temp._tandem_keys_${position}`
  const columns = prepared.selection.schema.key.map((_, i) => `_tandem_k${i}`)
  connection.exec(
    `DROP TABLE IF EXISTS ${name}; CREATE TEMP TABLE _tandem_keys_${position} (_tandem_n INTEGER PRIMARY KEY, ${columns.join(', ')})`,
  )
  for (const [n, { byKey }] of prepared.writes.entries())
    connection.run(`INSERT INTO ${name} VALUES (?, ${byKey.slots.join(', ')})`, [BigInt(n), ...byKey.parameters])
  return { prepared, name }
}

/**
 * FROM for the rows of the live table, as `alias`, that have one of the keys, as `k`. CROSS JOIN keeps SQLite from reading the whole table where the key has an index, which is mostly so. The unary +
 * takes the affinity away from a key, so that it is compared as a bound value is.
 */
export function rowsWithKeys({ prepared, name }: KeyTable, alias: string): string {
  const { table, selection } = prepared
  const { key } = selection.schema
  const isIndexed = table.uniqueIndexes.some(({ columns }) => columns?.every((column) => key.includes(column)) === true)
  const isRowid = table.rowidAlias !== undefined && key.includes(table.rowidAlias)
  const same = key.map((field, i) => `${alias}.${quotedName(field)} IS +k._tandem_k${i}`)
  const join = isIndexed || isRowid ? 'CROSS JOIN' : 'JOIN'
  return `${name} AS k ${join} main.${quotedName(table.name)} AS ${alias} ON ${same.join(' AND ')}`
}

/** The live rows with the keys, each with the number of its change. By a column's collation these may be more than those with the very key, so callers compare `key`. */
export function* liveRows(connection: SqliteConnection, keys: KeyTable): Iterable<readonly [n: number, row: LiveRow]> {
  const { table, reader } = keys.prepared
  const rowid = table.rowid === undefined ? 'NULL' : `t.${table.rowid}`
  const sql = `SELECT k._tandem_n, ${rowid}, ${reader.columns} FROM ${rowsWithKeys(keys, 't')}`
  for (const row of connection.iterate(sql)) yield [Number(row[0]), { ...reader.record(row, 2), rowid: row[1] ?? null }]
}
