/** Two PostgreSQL servers that are set up as differently as can be give the same bytes. */
import { describe, expect, inject, test } from 'vitest'
import type { Statements } from '../fixture.ts'
import { records } from '../pairs.ts'
import { openDatabaseOf } from './fixture.ts'

const servers = inject('postgres')

describe('two servers of different version, locale, zone, settings and history', () => {
  const others = servers.slice(1).map((other) => [servers[0] ?? other, other] as const)
  test.each(others)('give the same bytes and the same description: $version and another', async (one, other) => {
    const texts: unknown[] = []
    for (const [position, server] of [one, other].entries()) {
      const database = await openDatabaseOf(server.uri)
      try {
        await database.run(historyOf(position))
        const { collections } = await database.adapter.describe()
        texts.push({ collections, records: await records(database.adapter, 't') })
      } finally {
        await database.close()
      }
    }
    expect(texts[1]).toEqual(texts[0])
  })
})

/** The same table with the same rows, come about in two ways: columns and rows in another order, a column dropped, rows rewritten. */
function historyOf(position: number): Statements {
  const columns = [
    'at timestamptz',
    'i interval',
    'b bytea',
    'f float8',
    'm money',
    'x xml',
    'w text',
    'd date',
    'j jsonb',
  ]
  const values = [
    `'2024-03-10 12:00:00.5+00', '1 year -1 day 02:00', '\\x00ff', 0.1, 1234.5::numeric::money, '<a>i</a>', 'ıIiİ', '2024-02-03', '{"b":1.0,"a":"ı"}'`,
    `'2024-11-03 05:59:59+00', '-00:01', '\\x', 1e300, '-5'::numeric::money, '<b/>', 'Zz', '0044-03-15 BC', '[1.10]'`,
  ].map((row) => row.replaceAll('\\', '\\\\').replaceAll(/'(\\\\x\w*)'/g, `E'$1'`))
  const shown = position === 0 ? columns : columns.toReversed()
  const names = columns.map((column) => column.split(' ')[0]).join(', ')
  const insert = (id: number): string => `INSERT INTO t (id, ${names}) VALUES (${id}, ${values[id - 1]})`
  const create = `CREATE TABLE t (${position === 0 ? '' : 'gone int, '}id serial PRIMARY KEY, ${shown.join(', ')})`
  if (position === 0) return [create, insert(1), insert(2)]
  return [create, 'ALTER TABLE t DROP COLUMN gone', insert(2), insert(1), `UPDATE t SET w = w`]
}
