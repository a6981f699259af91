/** Tables of every kind on PostgreSQL, and how their records are found: composite keys, partitions, inheritance, generated columns, collations. */
import { describe, expect, inject, test } from 'vitest'
import { UsageError } from '../../../src/model/errors.ts'
import { query } from '../../support/postgres.ts'
import { apply, changesOf, records } from '../pairs.ts'
import { planOf, recordsOf, selectionOf } from '../scene.ts'
import { on } from './scene.ts'

const servers = inject('postgres')

describe.each(servers)('PostgreSQL $version ($name)', (server) => {
  describe('tables', () => {
    test('with composite and text keys are written by key', async () => {
      await on(
        server,
        [
          `CREATE TABLE t (a text, b int, v text, PRIMARY KEY (b, a))`,
          `INSERT INTO t VALUES (E'x"\\\\', 1, 'old'), ('', 2, 'gone')`,
        ],
        async ({ adapter }) => {
          const outcome = await apply(adapter, 't', [
            ['{"a":"x\\"\\\\","b":1,"v":"old"}', '{"a":"x\\"\\\\","b":1,"v":"new"}'],
            ['{"a":"","b":2,"v":"gone"}', undefined],
            [undefined, '{"a":"é\\n","b":3}'],
          ])
          expect(outcome).toEqual({ status: 'applied', inserted: 1, updated: 1, deleted: 1 })
          expect(await records(adapter, 't')).toEqual(['{"a":"x\\"\\\\","b":1,"v":"new"}', '{"a":"é\\n","b":3}'])
        },
      )
    })

    test('without a key cannot be read, with a configured one they can, also where it is NULL', async () => {
      await on(
        server,
        ['CREATE TABLE t (a int, b text)', `INSERT INTO t VALUES (1, 'x'), (NULL, 'y')`],
        async ({ adapter }) => {
          const found = await selectionOf(adapter, 't')
          await expect(recordsOf(adapter, found)).rejects.toThrow(UsageError)
          const selection = { ...found, schema: { ...found.schema, key: ['a'] } }
          expect(await recordsOf(adapter, selection)).toEqual(['{"a":1,"b":"x"}', '{"b":"y"}'])
          const changes = changesOf(selection, [
            ['{"b":"y"}', '{"b":"z"}'],
            ['{"a":1,"b":"x"}', undefined],
          ])
          expect(await adapter.apply(planOf(selection, changes))).toMatchObject({ updated: 1, deleted: 1 })
          expect(await recordsOf(adapter, selection)).toEqual(['{"b":"z"}'])
        },
      )
    })

    test('whose configured key names two rows are refused', async () => {
      await on(
        server,
        ['CREATE TABLE t (a int, b text)', `INSERT INTO t VALUES (1, 'x'), (1, 'y')`],
        async ({ adapter }) => {
          const found = await selectionOf(adapter, 't')
          const selection = { ...found, schema: { ...found.schema, key: ['a'] } }
          const applying = adapter.apply(planOf(selection, changesOf(selection, [['{"a":1,"b":"x"}', undefined]])))
          await expect(applying).rejects.toThrow(/two records of t have the key \[1\]/)
        },
      )
    })

    test('that are partitioned are read and written through the root, also across partitions', async () => {
      const setup = [
        'CREATE TABLE m (at date, n int, v text, PRIMARY KEY (at, n)) PARTITION BY RANGE (at)',
        `CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2024-07-01')`,
        `CREATE TABLE m_2 PARTITION OF m FOR VALUES FROM ('2024-07-01') TO ('2025-01-01')`,
        `INSERT INTO m VALUES ('2024-01-01', 1, 'a'), ('2024-08-01', 2, 'b')`,
      ]
      await on(server, setup, async ({ adapter }) => {
        const outcome = await apply(adapter, 'm', [
          ['{"at":"2024-01-01","n":1,"v":"a"}', '{"at":"2024-01-01","n":1,"v":"A"}'],
          ['{"at":"2024-08-01","n":2,"v":"b"}', undefined],
          [undefined, '{"at":"2024-12-31","n":3}'],
        ])
        expect(outcome).toEqual({ status: 'applied', inserted: 1, updated: 1, deleted: 1 })
        expect(await records(adapter, 'm')).toEqual(['{"at":"2024-01-01","n":1,"v":"A"}', '{"at":"2024-12-31","n":3}'])
        const nowhere = await apply(adapter, 'm', [[undefined, '{"at":"2030-01-01","n":1}']])
        expect(nowhere).toMatchObject({ status: 'violation', collection: 'm', key: '["2030-01-01",1]' })
      })
    })

    test('that others inherit from are collections of their own', async () => {
      const setup = [
        'CREATE TABLE p (id int PRIMARY KEY, v text)',
        'CREATE TABLE c (PRIMARY KEY (id)) INHERITS (p)',
        `INSERT INTO p VALUES (1, 'p')`,
        `INSERT INTO c VALUES (1, 'c')`,
      ]
      await on(server, setup, async ({ adapter }) => {
        expect(await apply(adapter, 'p', [['{"id":1,"v":"p"}', '{"id":1,"v":"P"}']])).toMatchObject({ updated: 1 })
        expect(await apply(adapter, 'p', [['{"id":1,"v":"P"}', undefined]])).toMatchObject({ deleted: 1 })
        expect([await records(adapter, 'p'), await records(adapter, 'c')]).toEqual([[], ['{"id":1,"v":"c"}']])
      })
    })

    test('with generated columns: those are never read or written', async () => {
      const setup = ['CREATE TABLE t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED)']
      await on(server, setup, async ({ adapter, uri }) => {
        expect(await apply(adapter, 't', [[undefined, '{"a":2,"id":1}']])).toMatchObject({ inserted: 1 })
        expect(await query(uri, 'SELECT a, b FROM t')).toEqual([{ a: '2', b: '4' }])
      })
    })

    test('whose columns are called like ours', async () => {
      const setup = [`CREATE TABLE "n" (n int PRIMARY KEY, op text, f0 text, k text, t text, r text)`]
      await on(server, setup, async ({ adapter }) => {
        const text = '{"f0":"a","k":"b","n":1,"op":"c","r":"d","t":"e"}'
        expect(await apply(adapter, 'n', [[undefined, text]])).toMatchObject({ inserted: 1 })
        expect(await apply(adapter, 'n', [[text, text.replace('"c"', '"C"')]])).toMatchObject({ updated: 1 })
        expect(await records(adapter, 'n')).toEqual([text.replace('"c"', '"C"')])
      })
    })

    test('with a key whose equality is wider than that of its text', async () => {
      const setup = [
        `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
        'CREATE TABLE t (k text COLLATE loose PRIMARY KEY, v numeric UNIQUE)',
        `INSERT INTO t VALUES ('Foo', 1.0)`,
      ]
      await on(server, setup, async ({ adapter }) => {
        const added = await apply(adapter, 't', [[undefined, '{"k":"foo","v":"2"}']])
        expect(added).toMatchObject({ status: 'violation', collection: 't', key: '["foo"]' })
        const renamed = await apply(adapter, 't', [
          ['{"k":"Foo","v":"1.0"}', undefined],
          [undefined, '{"k":"foo","v":"1.0"}'],
        ])
        expect(renamed).toMatchObject({ status: 'applied', inserted: 1, deleted: 1 })
        const twins = await apply(adapter, 't', [
          [undefined, '{"k":"a"}'],
          [undefined, '{"k":"A"}'],
        ])
        expect(twins).toMatchObject({ status: 'violation', collection: 't', key: '["A"]' })
      })
    })
  })
})
