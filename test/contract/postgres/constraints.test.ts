/** Constraints of every kind on PostgreSQL: the one record that breaks one is found among many, and values may change places. */
import { describe, expect, inject, test } from 'vitest'
import type { RecordText } from '../../../src/model/canonical.ts'
import { query } from '../../support/postgres.ts'
import { apply, changesOf, records } from '../pairs.ts'
import { planOf, selectionOf } from '../scene.ts'
import { on } from './scene.ts'

const servers = inject('postgres')

describe.each(servers)('PostgreSQL $version ($name)', (server) => {
  describe('constraints', () => {
    const refused: readonly (readonly [kind: string, setup: string, bad: RecordText, constraint: RegExp])[] = [
      [
        'an enum',
        `CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id int PRIMARY KEY, v mood)`,
        '{"id":2,"v":"bad"}',
        /v/,
      ],
      [
        'a domain',
        'CREATE DOMAIN few AS int CONSTRAINT few_only CHECK (VALUE < 5); CREATE TABLE t (id int PRIMARY KEY, v few)',
        '{"id":2,"v":9}',
        /few_only/,
      ],
      ['NOT NULL', 'CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL)', '{"id":2}', /v NOT NULL/],
      ['a length', 'CREATE TABLE t (id int PRIMARY KEY, v varchar(3))', '{"id":2,"v":"four"}', /v/],
      ['a range of numbers', 'CREATE TABLE t (id int PRIMARY KEY, v smallint)', '{"id":2,"v":40000}', /v/],
      ['a type', 'CREATE TABLE t (id int PRIMARY KEY, v date)', '{"id":2,"v":"2024-13-01"}', /v/],
      ['NUL in text', 'CREATE TABLE t (id int PRIMARY KEY, v text)', '{"id":2,"v":"\\u0000"}', /^type/],
      [
        'a partial unique index',
        `CREATE TABLE t (id int PRIMARY KEY, v text); CREATE UNIQUE INDEX one_main ON t (v) WHERE v = 'main'; INSERT INTO t VALUES (0, 'main')`,
        '{"id":2,"v":"main"}',
        /one_main/,
      ],
      [
        'a unique index on an expression',
        `CREATE TABLE t (id int PRIMARY KEY, v text); CREATE UNIQUE INDEX any_case ON t (lower(v)); INSERT INTO t VALUES (0, 'A')`,
        '{"id":2,"v":"a"}',
        /any_case/,
      ],
      [
        'an exclusion',
        `CREATE TABLE t (id int PRIMARY KEY, v int4range, CONSTRAINT apart EXCLUDE USING gist (v WITH &&)); INSERT INTO t VALUES (0, '[1,5)')`,
        '{"id":2,"v":"[4,6)"}',
        /apart/,
      ],
      [
        'a deferrable unique',
        `CREATE TABLE t (id int PRIMARY KEY, v int CONSTRAINT later UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO t VALUES (0, 5)`,
        '{"id":2,"v":5}',
        /later/,
      ],
      [
        'a check that calls a function by an unqualified name',
        `CREATE FUNCTION small(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN smaller($1); END $$;
        CREATE FUNCTION smaller(int) RETURNS bool LANGUAGE sql AS 'SELECT $1 < 10'; CREATE TABLE t (id int PRIMARY KEY, v int CONSTRAINT is_small CHECK (small(v)))`,
        '{"id":2,"v":10}',
        /is_small/,
      ],
    ]
    test.each(refused)(
      '%s refuses one record of many, which is found and named',
      async (_kind, setup, bad, constraint) => {
        await on(server, [setup], async ({ adapter }) => {
          const before = await records(adapter, 't')
          const good = [1, 3, 4, 5, 6, 7, 8, 9].map((id) => [undefined, `{"id":${id}}`] as const)
          const pairs = bad.includes('"v"')
            ? good
            : good.map(([, text]) => [undefined, text.replace('}', ',"v":1}')] as const)
          const outcome = await apply(adapter, 't', [...pairs.slice(0, 5), [undefined, bad], ...pairs.slice(5)])
          expect(outcome).toMatchObject({ status: 'violation', collection: 't', key: '[2]' })
          expect(outcome).toHaveProperty('constraint', expect.stringMatching(constraint))
          expect(await records(adapter, 't')).toEqual(before)
        })
      },
    )

    test('that are deferrable let values be swapped and are checked all the same', async () => {
      const setup = [
        'CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE DEFERRABLE INITIALLY DEFERRED)',
        'INSERT INTO t VALUES (1, 1), (2, 2)',
      ]
      await on(server, setup, async ({ adapter }) => {
        const swapped = await apply(adapter, 't', [
          ['{"id":1,"v":1}', '{"id":1,"v":2}'],
          ['{"id":2,"v":2}', '{"id":2,"v":1}'],
        ])
        expect(swapped).toMatchObject({ status: 'applied', updated: 2 })
        const doubled = await apply(adapter, 't', [['{"id":1,"v":2}', '{"id":1,"v":1}']])
        expect(doubled).toMatchObject({ status: 'violation', key: '[1]' })
      })
    })

    test('a swap under a partial unique index and an exclusion keeps fields that are not exported', async () => {
      const setup = [
        'CREATE TABLE t (id int PRIMARY KEY, v int, r int4range, secret text, EXCLUDE USING gist (r WITH &&))',
        'CREATE UNIQUE INDEX ON t (v) WHERE v > 0',
        `INSERT INTO t VALUES (1, 1, '[1,3)', 's1'), (2, 2, '[3,5)', 's2')`,
      ]
      await on(server, setup, async ({ adapter, uri }) => {
        const selection = await selectionOf(adapter, 't', { omit: ['secret'] })
        const [one, two] = ['{"id":1,"r":"[1,3)","v":1}', '{"id":2,"r":"[3,5)","v":2}']
        const changes = changesOf(selection, [
          [one, '{"id":1,"r":"[3,5)","v":2}'],
          [two, '{"id":2,"r":"[1,3)","v":1}'],
        ])
        expect(await adapter.apply(planOf(selection, changes))).toEqual({
          status: 'applied',
          inserted: 0,
          updated: 2,
          deleted: 0,
        })
        expect(await query(uri, 'SELECT id, v, secret FROM t ORDER BY id')).toEqual([
          { id: '1', v: '2', secret: 's1' },
          { id: '2', v: '1', secret: 's2' },
        ])
      })
    })
  })
})
