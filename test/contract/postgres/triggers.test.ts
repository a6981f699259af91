/** What acts on a row as PostgreSQL writes it: triggers and rules, which are silent and as before afterwards, and column types that convert. */
import { describe, expect, inject, test } from 'vitest'
import { UndoneError } from '../../../src/model/errors.ts'
import { query } from '../../support/postgres.ts'
import { apply, records } from '../pairs.ts'
import { asOwner, openDatabaseOf } from './fixture.ts'
import { on } from './scene.ts'

const servers = inject('postgres')

describe.each(servers)('PostgreSQL $version ($name)', (server) => {
  describe('what acts on a written row', () => {
    test('an updated_at trigger neither fires nor is gone afterwards', async () => {
      const setup = [
        `CREATE TABLE t (id int PRIMARY KEY, v int, updated_at timestamptz)`,
        `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$`,
        'CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()',
      ]
      await on(server, setup, async ({ adapter, run }) => {
        const record = '{"id":1,"updated_at":"2020-01-01 00:00:00+00","v":1}'
        expect(await apply(adapter, 't', [[undefined, record]])).toMatchObject({ inserted: 1 })
        expect(await records(adapter, 't')).toEqual([record])
        await run(['UPDATE t SET v = 2'])
        expect((await records(adapter, 't'))[0]).not.toContain('2020-01-01')
      })
    })

    test.each([
      ['superuser', undefined],
      ['owner', asOwner],
    ])('a rule neither acts nor is gone afterwards (%s)', async (_role, prepare) => {
      const database = await openDatabaseOf(server.uri, prepare)
      try {
        const { adapter, run, uri } = database
        await run([
          'CREATE TABLE t (id int PRIMARY KEY, v int)',
          'INSERT INTO t VALUES (1, 1)',
          'CREATE RULE stay AS ON DELETE TO t DO INSTEAD NOTHING',
          'CREATE RULE always AS ON INSERT TO t DO INSTEAD NOTHING',
          'ALTER TABLE t ENABLE ALWAYS RULE always',
        ])
        expect(
          await apply(adapter, 't', [
            ['{"id":1,"v":1}', undefined],
            [undefined, '{"id":2}'],
          ]),
        ).toMatchObject({
          status: 'applied',
        })
        expect(await records(adapter, 't')).toEqual(['{"id":2}'])
        expect(
          await query(uri, "SELECT rulename, ev_enabled FROM pg_rewrite WHERE ev_class = 't'::regclass ORDER BY 1"),
        ).toEqual([
          { rulename: 'always', ev_enabled: 'A' },
          { rulename: 'stay', ev_enabled: 'O' },
        ])
      } finally {
        await database.close()
      }
    })

    test('a column type that rounds is named with key and field', async () => {
      await on(server, ['CREATE TABLE t (id int PRIMARY KEY, at timestamptz(0))'], async ({ adapter }) => {
        const error = await apply(adapter, 't', [[undefined, '{"at":"2024-01-01 00:00:00.6+00","id":1}']]).catch(
          (thrown: unknown) => thrown,
        )
        expect(error).toBeInstanceOf(UndoneError)
        expect(String(error)).toMatch(/record \[1\] of t: field at reads back as "2024-01-01 00:00:01\+00"/)
      })
    })

    test('a number in another form is no difference', async () => {
      await on(server, ['CREATE TABLE t (id int PRIMARY KEY, n bigint, s text)'], async ({ adapter }) => {
        expect(await apply(adapter, 't', [[undefined, '{"id":1,"n":"5","s":7}']])).toMatchObject({ inserted: 1 })
        expect(await apply(adapter, 't', [['{"id":1,"n":"5","s":7}', '{"id":1,"n":6,"s":"7"}']])).toMatchObject({
          updated: 1,
        })
        expect(await records(adapter, 't')).toEqual(['{"id":1,"n":6,"s":"7"}'])
      })
    })
  })

  describe('an ordinary owner', () => {
    test('applies without firing triggers, on partitions too, and each is enabled again as it was', async () => {
      const database = await openDatabaseOf(server.uri, asOwner)
      try {
        const { adapter, run, uri } = database
        await run([
          'CREATE TABLE m (id int PRIMARY KEY, note text) PARTITION BY RANGE (id)',
          'CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (100)',
          `CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'fired'; RETURN NEW; END $$`,
          'CREATE TRIGGER a_root BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION fired()',
          'CREATE TRIGGER a_leaf BEFORE INSERT ON m1 FOR EACH ROW EXECUTE FUNCTION fired()',
          'CREATE TRIGGER a_off BEFORE INSERT ON m1 FOR EACH ROW EXECUTE FUNCTION fired()',
          'ALTER TABLE m1 DISABLE TRIGGER a_off',
          'ALTER TABLE m1 ENABLE ALWAYS TRIGGER a_leaf',
        ])
        const triggers =
          'SELECT tgrelid::regclass AS t, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2'
        const before = await query(uri, triggers)
        expect(await apply(adapter, 'm', [[undefined, '{"id":1}']])).toMatchObject({ inserted: 1 })
        expect(await records(adapter, 'm')).toEqual(['{"id":1}'])
        expect(await query(uri, triggers)).toEqual(before)
      } finally {
        await database.close()
      }
    })
  })
})
