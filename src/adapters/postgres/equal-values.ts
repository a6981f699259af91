/** Asks the server which values are equal in a reference: it compares them by the operators and collations of the parent's unique index, and children as values of the parent's type. */
import { arrayText, splitArray } from '../../model/canonical.ts'
import type { ValueClasses, ValuesQuestion } from '../../model/key-equality.ts'
import { quotedName } from '../sql-text.ts'
import { acceptedOnly } from './accepted-only.ts'
import type { Database } from './connect.ts'
import { copyAll } from './copy.ts'
import type { PgClient } from './session.ts'
import { type LiveTable, liveTable, target } from './table.ts'
import { type IndexPart, collated, partsOn, readUniqueIndexes } from './unique-indexes.ts'
import { serverText } from './values.ts'

/** See `Adapter.equalValues`. */
export async function equalValues(
  client: PgClient,
  database: Database,
  question: ValuesQuestion,
): Promise<ValueClasses> {
  const { reference } = question
  const [child, parent] = [
    await liveTable(client, database, question.child),
    await liveTable(client, database, question.parent),
  ]
  const parts = partsOn(await readUniqueIndexes(client, parent), reference.toFields)
  const types = await typesOf(client, parent, reference.toFields)
  const from = { table: child, fields: reference.fields, types: await typesOf(client, child, reference.fields) }
  const to = { table: parent, fields: reference.toFields, types }
  const [children, parents] = [[...question.children], [...question.parents]]
  await createValues(client, types)
  await fill(client, { side: from, types, first: 0 }, children)
  await fill(client, { side: to, types, first: children.length }, parents)
  const classes = await classesOf(client, { types, parts })
  const named = [...children, ...parents].map((value, n) => [value, classes.get(n) ?? String(n)] as const)
  return {
    children: new Map([...(await liveValues(client, from, { types, parts })), ...named.slice(0, children.length)]),
    parents: new Map([...(await liveValues(client, to, { types, parts })), ...named.slice(children.length)]),
  }
}

const VALUES = 'pg_temp.tandem_values'

/** The fields of one side; `types` are those of the columns, without modifiers, in SQL. */
interface FieldsOfSide {
  readonly table: LiveTable
  readonly fields: readonly string[]
  readonly types: readonly string[]
}

/** How values are compared: as these types, and by the parts of the parent's index where there is one. */
interface ComparedFields {
  readonly types: readonly string[]
  readonly parts: readonly IndexPart[] | undefined
}

async function typesOf(client: PgClient, table: LiveTable, fields: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<Record<'name' | 'type', string>>(
    `SELECT a.attname AS name, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), -1) AS type
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[])`,
    [table.oid, fields],
  )
  return fields.map((field) => rows.find(({ name }) => name === field)?.type ?? 'text')
}

async function createValues(client: PgClient, types: readonly string[]): Promise<void> {
  const columns = types.map((type, i) => `, v${i} ${type}`).join('')
  await client.query(
    `DROP TABLE IF EXISTS ${VALUES}; CREATE TEMPORARY TABLE tandem_values (n int4${columns}) ON COMMIT DROP`,
  )
}

interface FilledFields {
  readonly side: FieldsOfSide
  readonly types: readonly string[]
  /** The number of the first value. */
  readonly first: number
}

async function fill(client: PgClient, { side, types, first }: FilledFields, values: readonly string[]): Promise<void> {
  const numbered = values.map((value, i) => ({ n: first + i, texts: splitArray(value) }))
  const columns = types.map((type, i) => `, (u.v${i})::${side.types[i]}::${type}`).join('')
  const arrays = types.map((_, i) => `, $${i + 2}::text[]`).join('')
  const names = types.map((_, i) => `, v${i}`).join('')
  await acceptedOnly(client, numbered, async (some) => {
    const texts = side.fields.map((field, i) =>
      some.map((one) => serverText(one.texts[i], side.table.columns.get(field)?.coding ?? 'text')),
    )
    await client.query(`INSERT INTO ${VALUES} SELECT u.n${columns} FROM unnest($1::int4[]${arrays}) u(n${names})`, [
      some.map(({ n }) => n),
      ...texts,
    ])
  })
  await client.query(`ANALYZE ${VALUES}`)
}

function valuesOf({ types, parts }: ComparedFields): string {
  return types.map((_, i) => collated(`a.v${i}`, parts?.[i] ?? { collation: undefined })).join(', ')
}

async function classesOf(client: PgClient, compared: ComparedFields): Promise<Map<number, string>> {
  const { rows } = await client.query<Record<'n' | 'first', string>>(
    `SELECT a.n, min(a.n) OVER (PARTITION BY ${valuesOf(compared)}) AS first FROM ${VALUES} a`,
  )
  return new Map(rows.map(({ n, first }) => [Number(n), first]))
}

/** The values of live rows that equal one of those asked for, with its class; a column of the parent's type is used as it is, so that its index is. */
async function liveValues(client: PgClient, side: FieldsOfSide, compared: ComparedFields): Promise<[string, string][]> {
  const columns = side.fields.map((field) => `t.${quotedName(field)}`)
  const matches = columns.map((column, i) => {
    const part = compared.parts?.[i]
    const live = side.types[i] === compared.types[i] ? column : `${column}::${compared.types[i]}`
    const operator = part?.operator ?? 'OPERATOR(pg_catalog.=)'
    return `${collated(live, part ?? { collation: undefined })} ${operator} a.v${i}`
  })
  // by their texts: for DISTINCT alone two spellings of an equal value are one, and the children that have the other would not be found
  const texts = columns.map((column) => `${column}::text COLLATE pg_catalog."C"`)
  const select = `SELECT DISTINCT ON (a.n, ${texts.join(', ')}) a.n, ${columns.join(', ')} FROM ${VALUES} a JOIN ${target(side.table)} t ON ${matches.join(' AND ')}
    WHERE a.n IN (SELECT min(a.n) FROM ${VALUES} a GROUP BY ${valuesOf(compared)})`
  const fields = side.fields.map((name) => ({
    name,
    coding: side.table.columns.get(name)?.coding ?? ('text' as const),
  }))
  const rows = await copyAll(client, {
    select,
    fields: [{ name: 'tandem_n', coding: 'integer' }, ...fields],
    key: ['tandem_n', ...side.fields],
  })
  return rows.map((row) => {
    const [n = '', ...values] = splitArray(row.key)
    return [arrayText(values), n]
  })
}
