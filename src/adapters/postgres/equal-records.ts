/**
 * Asks the server which records have the same value in a unique index. The records are put into a temporary table like the live one, so that the server converts their values and
 * computes generated columns; the index's expressions are evaluated there, and compared there and with the live table by the operators and collations of the index.
 */
import { type KeyText, type RecordText, arrayText, splitArray, splitObject } from '../../model/canonical.ts'
import type { RecordClasses, RecordsQuestion } from '../../model/key-equality.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { copyAll, copyLines } from './copy.ts'
import { acceptedOnly } from './accepted-only.ts'
import { qualified } from './name.ts'
import { type PgClient, withSearchPath } from './session.ts'
import { codedFields } from './snapshot.ts'
import { type LiveTable, liveTable, target } from './table.ts'
import { type ServerIndex, collated, readUniqueIndexes } from './unique-indexes.ts'
import { type CodedField, copyLine, serverText } from './values.ts'

/** See `Adapter.equalRecords`. */
export async function equalRecords(
  client: PgClient,
  database: Database,
  question: RecordsQuestion,
): Promise<RecordClasses> {
  const table = await liveTable(client, database, question.selection.schema)
  const index = (await readUniqueIndexes(client, table)).find(({ name }) => name === question.unique)
  const records = [...question.records]
  if (index === undefined) return { classes: new Map(records.map((text) => [text, undefined])), holders: new Map() }
  await createCopy(client, table)
  return await withSearchPath(client, database.searchPath, async () => {
    await fillCopy(client, codedFields(table, question.selection), records)
    await evaluate(client, index)
    const holders = await holdersOf(client, { table, index, question })
    return { classes: await classesOf(client, index, records), holders }
  })
}

const COPY = 'pg_temp.tandem_records'

const VALUES = 'pg_temp.tandem_record_values'

/** A record may lack fields that are required, because they are not exported. */
async function createCopy(client: PgClient, table: LiveTable): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS ${COPY}; DROP TABLE IF EXISTS ${VALUES}`)
  await client.query(
    `CREATE TEMPORARY TABLE tandem_records (LIKE ${qualified(table)} INCLUDING GENERATED) ON COMMIT DROP`,
  )
  const { rows } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped`,
    [COPY],
  )
  const optional = rows.map(({ name }) => `, ALTER COLUMN ${quotedName(name)} DROP NOT NULL`)
  await client.query(`ALTER TABLE ${COPY} ADD COLUMN tandem_n int4${optional.join('')}`)
}

/** A record that the table cannot hold has no value: writing it will be refused. */
async function fillCopy(
  client: PgClient,
  fields: readonly CodedField[],
  records: readonly RecordText[],
): Promise<void> {
  const columns = ['tandem_n', ...fields.map(({ name }) => quotedName(name))].join(', ')
  await acceptedOnly(
    client,
    records.map((text, n) => ({ text, n })),
    async (some) => {
      const lines = some.map(({ text, n }) => {
        const values = splitObject(text)
        return copyLine([String(n), ...fields.map(({ name, coding }) => serverText(values.get(name), coding))])
      })
      await copyLines(client, `${COPY} (${columns})`, lines)
    },
  )
}

/** Keeps what the index would hold of each record. */
async function evaluate(client: PgClient, { parts, where }: ServerIndex): Promise<void> {
  const values = parts.map((part, i) => `${collated(`(${part.expression})`, part)} AS tandem_${i}`)
  await client.query(
    `CREATE TEMPORARY TABLE tandem_record_values ON COMMIT DROP AS
     SELECT tandem_n, ${values.join(', ')} FROM ${COPY} ${where === undefined ? '' : `WHERE (${where})`}`,
  )
  await client.query(`ANALYZE ${VALUES}`)
}

/** The condition under which a row of `VALUES` (alias `a`) can clash: with a NULL in it only where NULLs are equal. */
function mayClash({ parts, nullsAreEqual }: ServerIndex): string {
  return nullsAreEqual ? 'true' : parts.map((_, i) => `a.tandem_${i} IS NOT NULL`).join(' AND ')
}

function partition({ parts }: ServerIndex): string {
  return parts.map((_, i) => `a.tandem_${i}`).join(', ')
}

async function classesOf(
  client: PgClient,
  index: ServerIndex,
  records: readonly RecordText[],
): Promise<Map<RecordText, string | undefined>> {
  const { rows } = await client.query<Record<'n' | 'first', string>>(
    `SELECT a.tandem_n AS n, min(a.tandem_n) OVER (PARTITION BY ${partition(index)}) AS first FROM ${VALUES} a WHERE ${mayClash(index)}`,
  )
  const classes = new Map(rows.map(({ n, first }) => [Number(n), first]))
  return new Map(records.map((text, n) => [text, classes.get(n)]))
}

interface HoldersAsked {
  readonly table: LiveTable
  readonly index: ServerIndex
  readonly question: RecordsQuestion
}

/** The live rows with one of the values; of equal values only the first is looked up. */
async function holdersOf(client: PgClient, { table, index, question }: HoldersAsked): Promise<Map<string, KeyText[]>> {
  const { key } = question.selection.schema
  const matches = index.parts.map((part, i) => {
    const live = collated(`(${part.expression})`, part)
    const equal = `${live} ${part.operator} a.tandem_${i}`
    return index.nullsAreEqual ? `(${equal} OR ${live} IS NULL AND a.tandem_${i} IS NULL)` : equal
  })
  const fields = key.map((name): CodedField => ({ name, coding: table.columns.get(name)?.coding ?? 'text' }))
  const select = `SELECT a.tandem_n, ${fields.map(({ name }) => quotedName(name)).join(', ')}
    FROM ${VALUES} a JOIN ${target(table)} ON ${matches.join(' AND ')} ${index.where === undefined ? '' : `AND (${index.where})`}
    WHERE ${mayClash(index)} AND a.tandem_n IN (SELECT min(a.tandem_n) FROM ${VALUES} a GROUP BY ${partition(index)})`
  const rows = await copyAll(client, {
    select,
    fields: [{ name: 'tandem_n', coding: 'integer' }, ...fields],
    key: ['tandem_n', ...key],
  })
  const holders = new Map<string, KeyText[]>()
  for (const row of rows) {
    const [n = '', ...values] = splitArray(row.key)
    holders.set(n, [...(holders.get(n) ?? []), arrayText(values)])
  }
  return holders
}
