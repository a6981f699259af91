/** Asks SQLite which values are equal in a reference: it compares them with the type and the collation of the parent (https://www.sqlite.org/foreignkeys.html). */
import { arrayText, splitArray } from '../../model/canonical.ts'
import type { ValueClasses, ValuesQuestion } from '../../model/key-equality.ts'
import { quotedName } from '../sql-text.ts'
import { readTables, textEncoding } from './catalog.ts'
import type { SqliteConnection, SqlRow, SqlValue } from './connect.ts'
import { columnText, referredColumns } from './foreign-keys.ts'
import { boundValue, readable, valueText } from './values.ts'

/** See `Adapter.equalValues`. The connection must be used for this question alone, because the temporary table stays on it until it is closed. */
export function equalValues(connection: SqliteConnection, question: ValuesQuestion): ValueClasses {
  const { children, parents, reference } = question
  const values = [...children, ...parents]
  const parent = readTables(connection).get(reference.to)
  const names = reference.toFields.map((_, i) => `_tandem_${i}`)
  const columns = (parent === undefined ? [] : referredColumns(parent, reference.toFields)).map(
    ({ declared, collation }, i) => columnText(names[i] ?? '', declared, collation),
  )
  connection.exec(`CREATE TEMP TABLE _tandem_asked (_tandem_n INTEGER PRIMARY KEY, ${columns.join(', ')})`)
  connection.exec(`CREATE INDEX temp._tandem_asked_values ON _tandem_asked (${names.join(', ')})`)
  for (const [n, value] of values.entries()) keep(connection, n, value)
  const classes = classesOf(connection, names)
  const named = values.map((value, n) => [value, classes.get(n) ?? String(n)] as const)
  const [childFields, parentFields] = [reference.fields, reference.toFields]
  return {
    children: new Map([...liveValues(connection, question.child.name, childFields), ...named.slice(0, children.size)]),
    parents: new Map([...liveValues(connection, reference.to, parentFields), ...named.slice(children.size)]),
  }
}

function keep(connection: SqliteConnection, n: number, value: string): void {
  const bound = splitArray(value).map(boundValue)
  const slots = bound.map(({ slot }) => `, ${slot}`).join('')
  connection.run(`INSERT INTO temp._tandem_asked VALUES (?${slots})`, [
    BigInt(n),
    ...bound.map((each): SqlValue => each.value),
  ])
}

function classesOf(connection: SqliteConnection, names: readonly string[]): Map<number, string> {
  const rows = connection.rows(
    `SELECT _tandem_n, min(_tandem_n) OVER (PARTITION BY ${names.join(', ')}) FROM temp._tandem_asked`,
  )
  return new Map(rows.map(([n, first]) => [Number(n), String(first)]))
}

/** The values of live rows that equal one of those asked for, with its class. */
function liveValues(connection: SqliteConnection, table: string, fields: readonly string[]): [string, string][] {
  const encoding = textEncoding(connection)
  const columns = fields.map((field) => `c.${quotedName(field)}`)
  const matches = columns.flatMap((column, i) => [
    // the first lets SQLite use an index, the second is its rule: unary + takes the child's affinity away (see foreign-keys.ts)
    `a._tandem_${i} = ${column}`,
    `a._tandem_${i} = +${column}`,
  ])
  const names = fields.map((_, i) => `_tandem_${i}`).join(', ')
  // with their types: for DISTINCT alone 1 and 1.0 are one, and the rows that have the other would not be found
  const types = columns.map((column) => `typeof(${column})`)
  const rows = connection.rows(
    `SELECT DISTINCT a._tandem_n, ${columns.map(readable).join(', ')}, ${types.join(', ')}
     FROM temp._tandem_asked AS a JOIN main.${quotedName(table)} AS c ON ${matches.join(' AND ')}
     WHERE a._tandem_n IN (SELECT min(_tandem_n) FROM temp._tandem_asked GROUP BY ${names})`,
  )
  const textOf = (row: SqlRow): string =>
    arrayText(row.slice(1, 1 + fields.length).map((value) => valueText(value, encoding) ?? 'null'))
  return rows.map((row) => [textOf(row), String(row[0])])
}
