/** Documents and arrays on real databases: what two machines changed in different parts of one value comes together, whatever its names are and however its column holds it. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, firstExport, withEmptyAssets } from '../../support/two-assets.ts'

const pg = postgres(inject('postgres'))

test('jsonb with $id and $ref, text[], int[] and json merge by part on PostgreSQL', () =>
  betweenTwo(
    pg,
    {
      tables: ['CREATE TABLE things (id int PRIMARY KEY, doc jsonb, tags text[], numbers int[], list json)'],
      records: {
        things: [{ id: 1, doc: '{"$id": "s", "a": 1, "b": 1}', tags: '{a,b}', numbers: '{1,10}', list: '["x"]' }],
      },
      collections: { things: { arrays: { tags: 'set', numbers: 'set', list: 'set' } } },
    },
    async ({ a, b }) => {
      const one = { doc: '{"$id": "s", "a": 2, "b": 1}', tags: '{a,b,"c d"}', numbers: '{1,10,9}', list: '["x","y"]' }
      const other = { doc: '{"$id": "t", "a": 1, "b": 1}', tags: '{b}', numbers: '{10,-1}', list: '["x","z"]' }
      await a.database.change('things', { id: 1 }, one)
      await b.database.change('things', { id: 1 }, other)
      await exchange({ a, b })
      expect(await b.database.rows('things')).toEqual([
        {
          id: '1',
          doc: '{"a": 2, "b": 1, "$id": "t"}',
          tags: '{b,"c d"}',
          numbers: '{-1,9,10}',
          list: '["x","y","z"]',
        },
      ])
      expect(await disagreements({ a, b })).toEqual([])
    },
  ))

test('a jsonb key that is null is a key like others', () =>
  withEmptyAssets(
    pg,
    { tables: ['CREATE TABLE settings (k jsonb PRIMARY KEY, v text)'], collections: {} },
    async ({ a, b }) => {
      await a.database.run(`INSERT INTO settings VALUES ('null', 'one'), ('{"a": null}', 'two'), ('"null"', 'three')`)
      await firstExport(a)
      await b.git('pull', '-q')
      expect((await b.tandem('init', '--yes')).code).toBe(0)
      await b.database.run(`UPDATE settings SET v = 'four' WHERE k = 'null'`)
      await exchange({ a: b, b: a })
      expect(await a.database.run(`SELECT v FROM settings WHERE k = 'null'`)).toEqual([{ v: 'four' }])
      expect(await disagreements({ a, b })).toEqual([])
    },
  ))

test('a JSON array in SQLite’s text can be a set', () =>
  betweenTwo(
    sqlite,
    {
      tables: ['CREATE TABLE things (id INTEGER PRIMARY KEY, tags TEXT)'],
      records: { things: [{ id: 1, tags: '["a", "b"]' }] },
      collections: { things: { arrays: { tags: 'set' } } },
    },
    async ({ a, b }) => {
      await a.database.change('things', { id: 1 }, { tags: '["a", "b", "c"]' })
      await b.database.change('things', { id: 1 }, { tags: '["b"]' })
      await exchange({ a, b })
      expect(await b.database.rows('things')).toEqual([{ id: '1', tags: '["b","c"]' }])
      expect(await disagreements({ a, b })).toEqual([])
    },
  ))

describe.each(inject('mongodb'))('on $name', (server) => {
  test('documents with names like 2024 merge by part, inside and at the top', () =>
    betweenTwo(
      mongodb(server),
      {
        tables: [],
        records: { things: [{ _id: 1, 2024: 1, 2025: 1, years: { 2024: 1, 2025: 1, note: 'x' } } as never] },
        collections: {},
      },
      async ({ a, b }) => {
        await a.database.change('things', { _id: 1 }, { 2024: 5, 'years.2024': 7 })
        await b.database.change('things', { _id: 1 }, { 2025: 6, 'years.note': 'y' })
        await exchange({ a, b })
        expect(await b.database.rows('things')).toMatchObject([
          { 2024: '5', 2025: '6', years: expect.stringMatching(/7.*y/) },
        ])
        expect(await disagreements({ a, b })).toEqual([])
      },
    ))
})
