/** Numbers that PostgreSQL hands out: what is written from elsewhere never comes out of a sequence again. */
import { describe, expect, inject, test } from 'vitest'
import { query } from '../../support/postgres.ts'
import { apply, changesOf } from '../pairs.ts'
import { planOf, selectionOf } from '../scene.ts'
import { on } from './scene.ts'

const servers = inject('postgres')

describe.each(servers)('PostgreSQL $version ($name)', (server) => {
  describe('numbers handed out', () => {
    test('by GENERATED ALWAYS identity columns, in the key and outside of it, are written as planned', async () => {
      const setup = [
        `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, secret text DEFAULT 's')`,
        `CREATE TABLE u (k text PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, secret text)`,
        `INSERT INTO u (k, secret) VALUES ('a', 'kept')`,
      ]
      await on(server, setup, async ({ adapter, run, uri }) => {
        await apply(adapter, 't', [[undefined, '{"id":41,"v":"x"}']])
        await run([`INSERT INTO t (v) VALUES ('next')`])
        expect((await query(uri, 'SELECT id FROM t ORDER BY id')).map(({ id }) => id)).toEqual(['41', '42'])
        const selection = await selectionOf(adapter, 'u', { omit: ['secret'] })
        const moved = changesOf(selection, [['{"k":"a","n":1}', '{"k":"a","n":9}']])
        expect(await adapter.apply(planOf(selection, moved))).toMatchObject({ status: 'applied', updated: 1 })
        await run([`INSERT INTO u (k) VALUES ('b')`])
        expect(await query(uri, 'SELECT k, n, secret FROM u ORDER BY k')).toEqual([
          { k: 'a', n: '9', secret: 'kept' },
          { k: 'b', n: '10', secret: null },
        ])
      })
    })

    test('never go backwards, and jump far without being drawn one by one', async () => {
      await on(
        server,
        ['CREATE TABLE t (id bigserial PRIMARY KEY)', `SELECT setval('t_id_seq', 100)`],
        async ({ adapter, uri }) => {
          await apply(adapter, 't', [[undefined, '{"id":50}']])
          expect(await query(uri, `SELECT nextval('t_id_seq') AS n`)).toEqual([{ n: '101' }])
          await apply(adapter, 't', [[undefined, '{"id":"9007199254740993"}']])
          expect(await query(uri, `SELECT nextval('t_id_seq') AS n`)).toEqual([{ n: '9007199254740994' }])
          const { schema } = await selectionOf(adapter, 't')
          expect(await adapter.nextKeys(schema, 2, 0n)).toEqual(['"9007199254740995"', '"9007199254740996"'])
        },
      )
    })

    test('from their first number on', async () => {
      await on(server, ['CREATE TABLE t (id bigserial PRIMARY KEY)'], async ({ adapter, uri }) => {
        await apply(adapter, 't', [[undefined, '{"id":1}']])
        expect(await query(uri, `SELECT nextval('t_id_seq') AS n`)).toEqual([{ n: '2' }])
      })
    })

    test('up to the end of a sequence: a number that is at its end, or beyond it, does not move it there', async () => {
      const setup = [
        'CREATE TABLE t (id bigserial PRIMARY KEY)',
        'ALTER SEQUENCE t_id_seq INCREMENT 10',
        'CREATE SEQUENCE small AS smallint',
        `CREATE TABLE s (id int PRIMARY KEY DEFAULT nextval('small'))`,
      ]
      await on(server, setup, async ({ adapter, uri }) => {
        await apply(adapter, 't', [
          [undefined, '{"id":"9223372036854775807"}'],
          [undefined, '{"id":25}'],
        ])
        expect(await query(uri, `SELECT nextval('t_id_seq') AS n`)).toEqual([{ n: '41' }])
        await apply(adapter, 's', [
          [undefined, '{"id":40000}'],
          [undefined, '{"id":5}'],
        ])
        expect(await query(uri, `SELECT nextval('small') AS n`)).toEqual([{ n: '6' }])
      })
    })

    test('by sequences that count by tens or downwards', async () => {
      const setup = [
        'CREATE SEQUENCE tens INCREMENT 10 START 10',
        `CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('tens'))`,
        'CREATE SEQUENCE down INCREMENT -1',
        `CREATE TABLE d (id int PRIMARY KEY DEFAULT nextval('down'))`,
      ]
      await on(server, setup, async ({ adapter, uri }) => {
        await apply(adapter, 't', [[undefined, '{"id":25}']])
        expect(await query(uri, `SELECT nextval('tens') AS n`)).toEqual([{ n: '40' }])
        await apply(adapter, 'd', [[undefined, '{"id":-7}']])
        expect(await query(uri, `SELECT nextval('down') AS n`)).toEqual([{ n: '-8' }])
        const keys = await adapter.nextKeys((await selectionOf(adapter, 'd')).schema, 2, 100n)
        expect(keys.map(Number).filter((key) => key <= 100)).toEqual([])
      })
    })

    test('for keys that no sequence stands behind follow the greatest', async () => {
      await on(server, ['CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t VALUES (7)'], async ({ adapter }) => {
        const { schema } = await selectionOf(adapter, 't')
        expect(await adapter.nextKeys(schema, 2, 3n)).toEqual(['8', '9'])
      })
    })
  })
})
