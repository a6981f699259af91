/** Foreign keys on PostgreSQL: children and parents in any order, and never a cascade beyond the plan. */
import { describe, expect, inject, test } from 'vitest'
import { query } from '../../support/postgres.ts'
import { apply, applyAll, records } from '../pairs.ts'
import { on } from './scene.ts'

const servers = inject('postgres')

describe.each(servers)('PostgreSQL $version ($name)', (server) => {
  describe('references', () => {
    const tree = [
      'CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t ON DELETE CASCADE)',
      'INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2)',
    ]

    test('to the same table are written in any order', async () => {
      await on(server, tree, async ({ adapter }) => {
        const added = await apply(adapter, 't', [
          [undefined, '{"id":5,"up":4}'],
          [undefined, '{"id":4,"up":3}'],
        ])
        expect(added).toMatchObject({ status: 'applied', inserted: 2 })
        const removed = await apply(adapter, 't', [
          ['{"id":1}', undefined],
          ['{"id":2,"up":1}', '{"id":2}'],
        ])
        expect(removed).toMatchObject({ status: 'applied', deleted: 1, updated: 1 })
        expect(await records(adapter, 't')).toEqual([
          '{"id":2}',
          '{"id":3,"up":2}',
          '{"id":4,"up":3}',
          '{"id":5,"up":4}',
        ])
      })
    })

    test('to the same table never cascade beyond the plan', async () => {
      await on(server, tree, async ({ adapter }) => {
        expect(await apply(adapter, 't', [['{"id":1}', undefined]])).toMatchObject({ status: 'stale' })
        expect(await records(adapter, 't')).toHaveLength(3)
      })
    })

    test.each(['CASCADE', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION'])(
      'ON DELETE %s from a table that is not exported, in another schema, make a delete stale',
      async (action) => {
        const setup = [
          'CREATE TABLE p (id int PRIMARY KEY)',
          'CREATE SCHEMA other',
          `CREATE TABLE other.c (id int PRIMARY KEY, p int DEFAULT NULL REFERENCES p ON DELETE ${action})`,
          'INSERT INTO p VALUES (1)',
          'INSERT INTO other.c VALUES (1, 1)',
        ]
        await on(server, setup, async ({ adapter, uri }) => {
          const outcome = await apply(adapter, 'p', [['{"id":1}', undefined]])
          expect(outcome).toEqual({ status: 'stale', reason: expect.stringContaining('other.c') })
          expect(await query(uri, 'SELECT id, p FROM other.c')).toEqual([{ id: '1', p: '1' }])
        })
      },
    )

    test('to a unique field that moves: children follow in the plan, or the plan is stale', async () => {
      const setup = [
        'CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE)',
        'CREATE TABLE c (id int PRIMARY KEY, code text REFERENCES p (code) ON UPDATE CASCADE)',
        `INSERT INTO p VALUES (1, 'a')`,
        `INSERT INTO c VALUES (1, 'a')`,
      ]
      await on(server, setup, async ({ adapter }) => {
        expect(await apply(adapter, 'p', [['{"code":"a","id":1}', '{"code":"b","id":1}']])).toMatchObject({
          status: 'stale',
        })
        const both = await applyAll(adapter, {
          c: [['{"code":"a","id":1}', '{"code":"b","id":1}']],
          p: [['{"code":"a","id":1}', '{"code":"b","id":1}']],
        })
        expect(both).toMatchObject({ status: 'applied', updated: 2 })
        expect([await records(adapter, 'p'), await records(adapter, 'c')]).toEqual([
          ['{"code":"b","id":1}'],
          ['{"code":"b","id":1}'],
        ])
      })
    })

    test('of several fields, MATCH FULL, and between different integer types', async () => {
      const setup = [
        'CREATE TABLE p (a int, b bigint, PRIMARY KEY (a, b))',
        'CREATE TABLE c (id int PRIMARY KEY, a smallint, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL)',
        'INSERT INTO p VALUES (1, 1)',
      ]
      await on(server, setup, async ({ adapter }) => {
        expect(
          await apply(adapter, 'c', [
            [undefined, '{"a":1,"b":1,"id":1}'],
            [undefined, '{"id":2}'],
          ]),
        ).toMatchObject({
          inserted: 2,
        })
        expect(await apply(adapter, 'c', [[undefined, '{"a":1,"id":3}']])).toMatchObject({
          status: 'violation',
          key: '[3]',
        })
        expect(await apply(adapter, 'c', [[undefined, '{"a":1,"b":2,"id":4}']])).toMatchObject({
          status: 'violation',
          key: '[4]',
        })
      })
    })

    test('from and to partitioned tables', async () => {
      const setup = [
        'CREATE TABLE p (id int PRIMARY KEY) PARTITION BY HASH (id)',
        'CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0)',
        'CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
        'CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE) PARTITION BY HASH (id)',
        'CREATE TABLE c0 PARTITION OF c FOR VALUES WITH (MODULUS 2, REMAINDER 0)',
        'CREATE TABLE c1 PARTITION OF c FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
        'INSERT INTO p VALUES (1), (2)',
        'INSERT INTO c VALUES (1, 1), (2, 2)',
      ]
      await on(server, setup, async ({ adapter }) => {
        expect(await apply(adapter, 'p', [['{"id":1}', undefined]])).toMatchObject({ status: 'stale' })
        expect(await apply(adapter, 'c', [[undefined, '{"id":3,"p":9}']])).toMatchObject({
          status: 'violation',
          key: '[3]',
        })
        const both = await applyAll(adapter, { p: [['{"id":1}', undefined]], c: [['{"id":1,"p":1}', undefined]] })
        expect(both).toMatchObject({ status: 'applied', deleted: 2 })
      })
    })

    test('on the partitions are those of the partitioned table, and bind the rows of their partition', async () => {
      const setup = [
        'CREATE TABLE p (id int PRIMARY KEY)',
        'CREATE TABLE c (at int, id int, p int, PRIMARY KEY (at, id)) PARTITION BY RANGE (at)',
        'CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (0) TO (10)',
        'CREATE TABLE c2 PARTITION OF c FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (at)',
        'CREATE TABLE c21 PARTITION OF c2 FOR VALUES FROM (10) TO (15)',
        'CREATE TABLE c3 PARTITION OF c FOR VALUES FROM (20) TO (30)',
        'ALTER TABLE c1 ADD FOREIGN KEY (p) REFERENCES p',
        'ALTER TABLE c21 ADD FOREIGN KEY (p) REFERENCES p',
        'INSERT INTO p VALUES (1)',
      ]
      await on(server, setup, async ({ adapter }) => {
        const { collections } = await adapter.describe()
        expect(collections.find(({ name }) => name === 'c')?.references).toEqual([
          { fields: ['p'], to: 'p', toFields: ['id'] },
        ])
        expect(
          await apply(adapter, 'c', [
            [undefined, '{"at":1,"id":1,"p":1}'],
            [undefined, '{"at":21,"id":1,"p":9}'],
          ]),
        ).toMatchObject({ inserted: 2 })
        expect(await apply(adapter, 'c', [[undefined, '{"at":11,"id":1,"p":9}']])).toMatchObject({
          status: 'violation',
          key: '[11,1]',
        })
        expect(await apply(adapter, 'p', [['{"id":1}', undefined]])).toMatchObject({ status: 'stale' })
      })
    })

    test('to one partition of a table lead to that table', async () => {
      const setup = [
        'CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)',
        'CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)',
        'CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p1)',
      ]
      await on(server, setup, async ({ adapter }) => {
        const { collections } = await adapter.describe()
        expect(collections.find(({ name }) => name === 'c')?.references).toEqual([
          { fields: ['p'], to: 'p', toFields: ['id'] },
        ])
      })
    })

    test('a parent that another session deletes while its child is being written is a violation, not a dangling child', async () => {
      const setup = [
        'CREATE TABLE p (id int PRIMARY KEY)',
        'CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p)',
        'INSERT INTO p VALUES (1)',
      ]
      await on(server, setup, async ({ adapter, run }) => {
        const deleting = run(['BEGIN', 'DELETE FROM p', 'SELECT pg_sleep(0.5)', 'COMMIT'])
        await new Promise((resolve) => setTimeout(resolve, 200))
        expect(await apply(adapter, 'c', [[undefined, '{"id":1,"p":1}']])).toMatchObject({
          status: 'violation',
          key: '[1]',
        })
        await deleting
        expect(await records(adapter, 'c')).toEqual([])
      })
    })
  })
})
