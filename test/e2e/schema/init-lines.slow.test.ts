/** What `init` says of many tables stays short: a line on what is never exported, with the fields that are there, and a line on numbers that two machines may hand out. */
import { describe, expect, inject, test } from 'vitest'
import type { Engine } from '../../support/live-database.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { firstExport, withEmptyAssets } from '../../support/two-assets.ts'

const engines: readonly Engine[] = [sqlite, postgres(inject('postgres'))]

const lines = (text: string, words: string): string[] => text.split('\n').filter((line) => line.includes(words))

describe.each(engines)('$name', (engine) => {
  test('ten tables that number their records and hold a token make two lines', () => {
    const key = engine === sqlite ? 'INTEGER PRIMARY KEY' : 'serial PRIMARY KEY'
    const tables = Array.from({ length: 10 }, (_, i) => `CREATE TABLE t${i} (id ${key}, token TEXT)`)
    return withEmptyAssets(engine, { tables, collections: {} }, async ({ a, b }) => {
      await firstExport(a)
      await b.git('pull', '-q')
      const { text } = await b.tandem('init', '--yes')
      expect(lines(text, 'never exported')).toEqual([
        '  never exported: t0.token, t1.token, t2.token, t3.token, t4.token, t5.token, t6.token, t7.token and 2 more',
      ])
      expect(lines(text, 'the same numbers')).toEqual([
        expect.stringMatching(/t0, t1, .* and 2 more: two machines may/),
      ])
      expect(text).not.toContain('setval')
    })
  })
})

test.each(inject('mongodb').slice(0, 1).map(mongodb))(
  '$name: names the fields that documents have, and the rule for others',
  (engine) =>
    withEmptyAssets(engine, { records: { traders: [{ _id: 't1', apiKey: 'x', ticker: 'X' }] } }, async ({ a }) => {
      const { text } = await a.tandem('init', '--yes')
      expect(lines(text, 'never exported')).toEqual([
        '  never exported: traders.apiKey; of documents any field that is called like a credential (password, api_key, accessToken …)',
      ])
    }),
)
