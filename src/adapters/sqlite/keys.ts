/** New numbers for an INTEGER PRIMARY KEY. Separate because it writes without a plan: a number that was handed out is not handed out again. */
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { WantedKeys } from '../adapter.ts'
import { quotedName } from '../sql-text.ts'
import { type SqliteConnection, immediately } from './connect.ts'
import { integerText } from './values.ts'

const LARGEST = 2n ** 63n - 1n

/**
 * `wanted.count` successive numbers above `wanted.above` and above every live key, as `Adapter.nextKeys` returns them. They are also above the sequence of an
 * AUTOINCREMENT table, which is moved past them (https://www.sqlite.org/autoinc.html). For other tables SQLite has no sequence in which they could be reserved.
 * @throws UsageError when the table has no single serial key, or its numbers are used up
 */
export function nextKeys(
  connection: SqliteConnection,
  schema: CollectionSchema,
  wanted: WantedKeys,
): readonly string[] {
  const serial = schema.fields.find((field) => field.serial === true)?.name
  if (serial === undefined || schema.key.length !== 1 || schema.key[0] !== serial)
    throw new UsageError(`${schema.name} has no key that SQLite hands out by itself`)
  return immediately(connection, () => {
    const largest = connection.rows(`SELECT max(${quotedName(serial)}) FROM ${quotedName(schema.name)}`)[0]?.[0]
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

/** The last number that an AUTOINCREMENT table handed out, 0 before its first row; undefined for other tables. */
function sequenceOf(connection: SqliteConnection, table: string): bigint | undefined {
  if (!isAutoincrement(connection, table)) return undefined
  const value = connection.rows('SELECT seq FROM sqlite_sequence WHERE name = ?', [table])[0]?.[0]
  return typeof value === 'bigint' ? value : 0n
}

/** SQLite tells of AUTOINCREMENT only in the table's SQL text. Names, strings and comments in that text are taken out first, as the word may occur in them. */
function isAutoincrement(connection: SqliteConnection, table: string): boolean {
  if (connection.rows(`SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'`).length === 0) return false
  const [row] = connection.rows(`SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?`, [table])
  const definition = String(row?.[0]).replace(/"[^"]*"|'[^']*'|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*.*?\*\//gs, ' ')
  return /\bAUTOINCREMENT\b/i.test(definition)
}

function moveSequence(connection: SqliteConnection, table: string, last: bigint): void {
  if (connection.run('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', [last, table]) > 0) return
  connection.run('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', [table, last])
}
