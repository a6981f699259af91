/**
 * Asks SQLite which records have the same value in a unique index. Each record is written into an empty copy of the table, in memory, so that SQLite itself converts its values and
 * computes generated columns and expressions; what the index would hold of it is kept in a temporary table, and compared there and with the live table by the index's collations.
 */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import { splitObject } from '../../model/canonical.ts'
import type { RecordClasses, RecordsQuestion } from '../../model/key-equality.ts'
import { quotedName } from '../sql-text.ts'
import { type Table, type UniqueIndex, readTables, sqlOf, textEncoding } from './catalog.ts'
import type { SqliteConnection, SqlValue } from './connect.ts'
import { typeOf } from './describe.ts'
import { rowReader } from './row-reader.ts'
import { type IndexParts, indexParts } from './sql-parts.ts'
import { type BoundValue, boundValue } from './values.ts'

/** See `Adapter.equalRecords`. The connection must be used for this question alone, because the copy and the temporary table stay on it until it is closed. */
export function equalRecords(connection: SqliteConnection, question: RecordsQuestion): RecordClasses {
  const { schema } = question.selection
  const table = readTables(connection).get(schema.name)
  const index = table?.uniqueIndexes.find(({ name }) => name === question.unique)
  const records = [...question.records]
  if (table === undefined || index === undefined)
    return { classes: new Map(records.map((text) => [text, undefined])), holders: new Map() }
  const parts = partsOf(index)
  const asked = { connection, table, parts, names: parts.expressions.map((_, i) => `_tandem_${i}`) }
  prepare(asked, index)
  for (const [n, text] of records.entries()) keepValues(asked, n, text)
  return { classes: classesOf(asked, records), holders: holdersOf(asked, question) }
}

interface Asked {
  readonly connection: SqliteConnection
  readonly table: Table
  readonly parts: IndexParts
  /** The columns of the temporary table, one for each part of the index. */
  readonly names: readonly string[]
}

function partsOf({ columns, sql }: UniqueIndex): IndexParts {
  return columns === undefined ? indexParts(sql ?? '') : { expressions: columns.map(quotedName), where: undefined }
}

function prepare({ connection, table, names }: Asked, { collations }: UniqueIndex): void {
  const definition = (sqlOf(connection, 'table', table.name) ?? '').replace(/^CREATE TABLE\s+/i, '')
  const columns = names.map((name, i) => `${name} COLLATE ${quotedName(collations[i] ?? 'BINARY')}`)
  connection.exec(`ATTACH ':memory:' AS _tandem_copy; PRAGMA ignore_check_constraints=ON`)
  connection.exec(`CREATE TABLE _tandem_copy.${definition}`)
  connection.exec(`CREATE TEMP TABLE _tandem_asked (_tandem_n INTEGER PRIMARY KEY, ${columns.join(', ')})`)
  connection.exec(`CREATE INDEX temp._tandem_asked_values ON _tandem_asked (${names.join(', ')})`)
}

/** A record that the table cannot hold has no value: writing it will be refused. */
function keepValues({ connection, table, parts, names }: Asked, n: number, text: RecordText): void {
  const fields = splitObject(text)
  const columns = table.columns.filter((column) => !column.generated)
  const values = columns.map((column): BoundValue | undefined =>
    fields.has(column.name) || !column.notNull
      ? boundValue(fields.get(column.name))
      : // what is not exported is not in the record
        { slot: '?', value: fillerFor(typeOf(table, column.declaredType.toUpperCase())) },
  )
  const copy = `_tandem_copy.${quotedName(table.name)}`
  const list = columns.map(({ name }) => quotedName(name)).join(', ')
  const slots = values.map((value) => value?.slot ?? '?').join(', ')
  connection.run(
    `INSERT OR IGNORE INTO ${copy} (${list}) VALUES (${slots})`,
    values.map((value): SqlValue => value?.value ?? null),
  )
  connection.run(
    `INSERT INTO temp._tandem_asked (_tandem_n, ${names.join(', ')})
     SELECT ?, ${parts.expressions.join(', ')} FROM ${copy} ${condition('WHERE', parts)}`,
    [BigInt(n)],
  )
  connection.run(`DELETE FROM ${copy}`)
}

function fillerFor(type: string): SqlValue {
  if (type === 'text') return ''
  return type === 'blob' ? new Uint8Array() : 0n
}

function condition(word: 'WHERE' | 'AND', { where }: IndexParts): string {
  return where === undefined ? '' : `${word} (${where})`
}

/** A unique index holds any number of NULLs. */
function filled(names: readonly string[]): string {
  return names.map((name) => `${name} IS NOT NULL`).join(' AND ')
}

function classesOf({ connection, names }: Asked, records: readonly RecordText[]): Map<RecordText, string | undefined> {
  const rows = connection.rows(
    `SELECT _tandem_n, min(_tandem_n) OVER (PARTITION BY ${names.join(', ')}) FROM temp._tandem_asked WHERE ${filled(names)}`,
  )
  const classes = new Map(rows.map(([n, first]) => [Number(n), String(first)]))
  return new Map(records.map((text, n) => [text, classes.get(n)]))
}

/** The live rows with one of the values; of equal values only the first is looked up. */
function holdersOf({ connection, table, parts, names }: Asked, question: RecordsQuestion): Map<string, KeyText[]> {
  const reader = rowReader(question.selection.schema, textEncoding(connection))
  const matches = parts.expressions.map((expression, i) => `a.${names[i]} = ${expression}`)
  const rows = connection.rows(
    `SELECT a._tandem_n, ${reader.columns} FROM temp._tandem_asked AS a CROSS JOIN main.${quotedName(table.name)}
     WHERE a._tandem_n IN (SELECT min(_tandem_n) FROM temp._tandem_asked WHERE ${filled(names)} GROUP BY ${names.join(', ')})
       AND ${matches.join(' AND ')} ${condition('AND', parts)}`,
  )
  const holders = new Map<string, KeyText[]>()
  for (const row of rows) {
    const name = String(row[0])
    holders.set(name, [...(holders.get(name) ?? []), reader.record(row, 1).key])
  }
  return holders
}
