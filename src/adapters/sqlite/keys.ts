/** New numbers for an INTEGER PRIMARY KEY. Apart because it writes outside any plan: a number once taken stays taken. */
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import { immediately } from './connect.ts'
import type { Connection } from './connect.ts'
import { integerText, quoted } from './values.ts'

const LARGEST = 2n ** 63n - 1n

/**
 * `count` numbers above `above`, every live key and, where the table is AUTOINCREMENT, its sequence, which is moved past them
 * (https://www.sqlite.org/autoinc.html). Without AUTOINCREMENT SQLite has nothing to reserve them in.
 * @throws UsageError when the table has no single serial key, or its numbers are used up
 */
export function nextKeys(connection: Connection, schema: CollectionSchema, wanted: Wanted): readonly string[] {
  const serial = schema.fields.find((field) => field.serial === true)?.name
  if (serial === undefined || schema.key.length !== 1 || schema.key[0] !== serial)
    throw new UsageError(`${schema.name} has no key that SQLite hands out by itself`)
  return immediately(connection, () => {
    const largest = connection.rows(`SELECT max(${quoted(serial)}) FROM ${quoted(schema.name)}`)[0]?.[0]
    const sequence = sequenceOf(connection, schema.name)
    const from = [wanted.above, largest, sequence].reduce<bigint>(
      (most, value) => (typeof value === 'bigint' && value > most ? value : most),
      0n,
    )
    const last = from + BigInt(wanted.count)
    if (last > LARGEST) throw new UsageError(`${schema.name} has no numbers left for ${serial}`)
    if (sequence !== undefined) moveSequence(connection, schema.name, last)
    return Array.from({ length: wanted.count }, (_, i) => integerText(from + BigInt(i + 1)))
  })
}

export interface Wanted {
  readonly count: number
  readonly above: bigint
}

/** The last number of an AUTOINCREMENT table; 0 before its first row, undefined for other tables. */
function sequenceOf(connection: Connection, table: string): bigint | undefined {
  if (!isAutoincrement(connection, table)) return undefined
  const value = connection.rows('SELECT seq FROM sqlite_sequence WHERE name = ?', [table])[0]?.[0]
  return typeof value === 'bigint' ? value : 0n
}

/** The word stands in the definition only; inside names, strings and comments it does not count. */
function isAutoincrement(connection: Connection, table: string): boolean {
  if (connection.rows(`SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'`).length === 0) return false
  const [row] = connection.rows(`SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?`, [table])
  const definition = String(row?.[0]).replace(/"[^"]*"|'[^']*'|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*.*?\*\//gs, ' ')
  return /\bAUTOINCREMENT\b/i.test(definition)
}

function moveSequence(connection: Connection, table: string, last: bigint): void {
  if (connection.run('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', [last, table]) > 0) return
  connection.run('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', [table, last])
}
