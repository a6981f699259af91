/** Keys whose values the database itself takes for equal although their texts differ, and references that nobody ever enforced: what it accepts travels and stays. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements, quarantined, settle } from '../../support/agreement.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, firstExport, withEmptyAssets, type TwoAssets } from '../../support/two-assets.ts'

/** The collection's rows on both machines, which have to be these. */
async function expectRows({ a, b }: TwoAssets, collection: string, rows: readonly object[]): Promise<void> {
  for (const { name, database } of [a, b])
    expect([name, collection, await database.rows(collection)]).toEqual([name, collection, rows])
}

describe('SQLite', () => {
  test('a child names its parent in another spelling, and both stay', async () => {
    const tables = [
      'CREATE TABLE p (k TEXT COLLATE NOCASE PRIMARY KEY)',
      'CREATE TABLE c (id TEXT PRIMARY KEY, k TEXT REFERENCES p)',
      'CREATE TABLE q (k TEXT COLLATE RTRIM PRIMARY KEY, n UNIQUE)',
      'CREATE TABLE d (id TEXT PRIMARY KEY, k TEXT REFERENCES q, n REFERENCES q (n))',
    ]
    const records = { p: [{ k: 'Ann' }, { k: 'Bob' }], q: [{ k: 'x', n: 1 }] }
    await betweenTwo(sqlite, { tables, records }, async (assets) => {
      const { a, b } = assets
      await a.database.insert('c', [{ id: 'x', k: 'ann' }])
      await a.database.run(`INSERT INTO d VALUES ('1', 'x  ', 1.0)`)
      // a parent that the other machine's child needs, in another spelling, comes back
      await b.database.remove('p', { k: 'Ann' })
      await settle(assets)
      await expectRows(assets, 'p', [{ k: 'Ann' }, { k: 'Bob' }])
      await expectRows(assets, 'c', [{ id: 'x', k: 'ann' }])
      await expectRows(assets, 'd', [{ id: '1', k: 'x  ', n: '1' }])
      expect(await disagreements(assets)).toEqual([])
    })
  })

  test('rows that never had a parent travel, are edited and stay, and a parent that is deleted leaves its children behind', async () => {
    const tables = [
      'CREATE TABLE p (id TEXT PRIMARY KEY, v TEXT)',
      'CREATE TABLE c (id TEXT PRIMARY KEY, k TEXT REFERENCES p, v TEXT)',
    ]
    const records = { p: [{ id: '1' }, { id: '2' }], c: [{ id: 'w', k: '2', v: 'left' }] }
    await betweenTwo(sqlite, { tables, records }, async (assets) => {
      const { a, b } = assets
      await a.database.run('PRAGMA foreign_keys=off', `INSERT INTO c VALUES ('x', 'nobody', 'one')`)
      await a.git('push')
      await b.git('pull', '--no-edit')
      await b.database.run(
        'PRAGMA foreign_keys=off',
        `UPDATE c SET v = 'two' WHERE id = 'x'`,
        `INSERT INTO c VALUES ('y', 'nobody else', 'one')`,
        `DELETE FROM p WHERE id = '2'`,
      )
      await settle(assets)
      await expectRows(assets, 'p', [{ id: '1', v: null }])
      await expectRows(assets, 'c', [
        { id: 'w', k: '2', v: 'left' },
        { id: 'x', k: 'nobody', v: 'two' },
        { id: 'y', k: 'nobody else', v: 'one' },
      ])
      expect(await disagreements(assets)).toEqual([])
      expect(await quarantined(a)).toEqual([])
    })
  })

  test.each(['unite', 'theirs'])(
    'rows that never had a parent reach a machine that joins (%s), and the first one keeps them',
    async (how) => {
      const tables = [
        'CREATE TABLE p (id TEXT PRIMARY KEY)',
        'CREATE TABLE c (id TEXT PRIMARY KEY, k TEXT REFERENCES p)',
      ]
      const rows = [
        { id: 'x', k: '1' },
        { id: 'y', k: 'nobody' },
      ]
      await withEmptyAssets(sqlite, { tables, records: { p: [{ id: '1' }] } }, async (assets) => {
        const { a, b } = assets
        await a.database.run('PRAGMA foreign_keys=off', `INSERT INTO c VALUES ('x', '1'), ('y', 'nobody')`)
        await firstExport(a)
        await b.git('pull', '-q')
        expect(await b.tandem('init', '--yes', '--join', how)).toMatchObject({ code: 0 })
        await settle(assets)
        await expectRows(assets, 'c', rows)
      })
    },
  )

  test('one e-mail in two spellings: one record wins on both machines, by collation and by type', async () => {
    const tables = [
      'CREATE TABLE mails (id TEXT PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE, updated_at TEXT)',
      'CREATE TABLE loose (id TEXT PRIMARY KEY, n UNIQUE, updated_at TEXT)',
    ]
    await betweenTwo(sqlite, { tables }, async (assets) => {
      const { a, b } = assets
      const [older, newer] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z']
      await a.database.run(
        `INSERT INTO mails VALUES ('a', 'Ann@x', '${older}')`,
        `INSERT INTO loose VALUES ('a', 1, '${older}')`,
      )
      await b.database.run(
        `INSERT INTO mails VALUES ('b', 'ann@X', '${newer}')`,
        `INSERT INTO loose VALUES ('b', 1.0, '${newer}')`,
      )
      await settle(assets)
      await expectRows(assets, 'mails', [{ id: 'b', email: 'ann@X', updated_at: newer }])
      await expectRows(assets, 'loose', [{ id: 'b', n: '1', updated_at: newer }])
      expect(await quarantined(a)).toEqual(['loose a', 'mails a'])
      expect(await quarantined(b)).toEqual(await quarantined(a))
    })
  })

  test('unique positions that both machines reorder: no card is lost, and no position taken twice', async () => {
    const tables = ['CREATE TABLE cards (id TEXT PRIMARY KEY, pos INTEGER UNIQUE, updated_at TEXT)']
    const cards = [1, 2, 3, 4].map((n) => ({ id: `c${n}`, pos: n, updated_at: '2026-01-01T00:00:00Z' }))
    await betweenTwo(sqlite, { tables, records: { cards } }, async (assets) => {
      const { a, b } = assets
      const place = (order: readonly number[], at: string): string[] => [
        'UPDATE cards SET pos = -pos',
        ...order.map((n, i) => `UPDATE cards SET pos = ${i + 1}, updated_at = '${at}' WHERE id = 'c${n}'`),
      ]
      await a.database.run(...place([2, 3, 1, 4], '2026-02-01T00:00:00Z'))
      await b.database.run(...place([1, 3, 4, 2], '2026-03-01T00:00:00Z'), `INSERT INTO cards VALUES ('n', 5, NULL)`)
      await settle(assets)
      const rows = await a.database.rows('cards')
      expect(rows.map(({ id }) => id)).toEqual(['c1', 'c2', 'c3', 'c4', 'n'])
      expect(new Set(rows.map(({ pos }) => pos)).size).toBe(rows.length)
      expect(await disagreements(assets)).toEqual([])
    })
  })
})

describe('PostgreSQL', () => {
  const engine = postgres(inject('postgres'))

  test('collations, padding, NOT VALID, and rows that were loaded with checks off', async () => {
    const tables = [
      `CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      'CREATE TABLE p (k text COLLATE nocase PRIMARY KEY, code char(5) UNIQUE, v int)',
      'CREATE TABLE c (id text PRIMARY KEY, k text COLLATE nocase REFERENCES p, code char(8) REFERENCES p (code), v int)',
      'CREATE TABLE loose (id text PRIMARY KEY, k text, v int)',
      'CREATE TABLE q (id text PRIMARY KEY)',
      'ALTER TABLE loose ADD FOREIGN KEY (k) REFERENCES q NOT VALID',
      'CREATE TABLE loaded (id text PRIMARY KEY, k text REFERENCES q)',
    ]
    await betweenTwo(engine, { tables, records: { p: [{ k: 'Ann', code: 'ab', v: 1 }] } }, async (assets) => {
      const { a, b } = assets
      await a.database.run(
        `INSERT INTO c VALUES ('x', 'ann', 'ab', 1)`,
        'SET session_replication_role = replica',
        `INSERT INTO loose VALUES ('l', 'nobody', 1)`,
        `INSERT INTO loaded VALUES ('m', 'nobody')`,
      )
      await a.git('push')
      await b.git('pull', '--no-edit')
      await b.database.change('loose', { id: 'l' }, { v: 2 })
      await b.database.change('c', { id: 'x' }, { v: 2 })
      await settle(assets)
      await expectRows(assets, 'c', [{ id: 'x', k: 'ann', code: 'ab      ', v: '2' }])
      await expectRows(assets, 'loose', [{ id: 'l', k: 'nobody', v: '2' }])
      await expectRows(assets, 'loaded', [{ id: 'm', k: 'nobody' }])
      expect(await disagreements(assets)).toEqual([])
    })
  })

  test('a parent that was deleted comes back for a child that names it in another spelling than the children deleted with it', async () => {
    const tables = [
      'CREATE EXTENSION citext',
      'CREATE TABLE owners (name citext PRIMARY KEY)',
      'CREATE TABLE pets (id text PRIMARY KEY, owner citext REFERENCES owners)',
    ]
    const records = {
      owners: [{ name: 'Ann' }, { name: 'Bob' }],
      pets: [
        { id: 'p0', owner: 'ANN' },
        { id: 'p1', owner: 'bob' },
      ],
    }
    await betweenTwo(engine, { tables, records }, async (assets) => {
      const { a, b } = assets
      await a.database.remove('pets', { id: 'p1' })
      await a.database.remove('owners', { name: 'Bob' })
      await b.database.change('pets', { id: 'p0' }, { owner: 'BOB' })
      await settle(assets)
      await expectRows(assets, 'owners', [{ name: 'Ann' }, { name: 'Bob' }])
      await expectRows(assets, 'pets', [{ id: 'p0', owner: 'BOB' }])
      expect(await disagreements(assets)).toEqual([])
    })
  })

  test('one e-mail in two spellings, and one price: one record wins on both machines', async () => {
    const tables = [
      `CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      'CREATE TABLE mails (id text PRIMARY KEY, email text COLLATE nocase UNIQUE, updated_at timestamptz)',
      'CREATE TABLE prices (id text PRIMARY KEY, price numeric UNIQUE, updated_at timestamptz)',
    ]
    await betweenTwo(engine, { tables }, async (assets) => {
      const { a, b } = assets
      await a.database.insert('mails', [{ id: 'a', email: 'Ann@x', updated_at: '2026-01-01T00:00:00Z' }])
      await b.database.insert('mails', [{ id: 'b', email: 'ann@x', updated_at: '2026-02-01T00:00:00Z' }])
      await a.database.run(`INSERT INTO prices VALUES ('a', 1.5, '2026-01-01T00:00:00Z')`)
      await b.database.run(`INSERT INTO prices VALUES ('b', 1.50, '2026-02-01T00:00:00Z')`)
      await settle(assets)
      for (const { database } of [a, b]) {
        expect((await database.rows('mails')).map(({ id }) => id)).toEqual(['b'])
        expect((await database.rows('prices')).map(({ id }) => id)).toEqual(['b'])
      }
      expect([await quarantined(a), await quarantined(b)]).toEqual([
        ['mails a', 'prices a'],
        ['mails a', 'prices a'],
      ])
    })
  })
})

test.each(inject('mongodb').slice(0, 1))(
  'MongoDB ($name): documents without a unique field, which are one value to the server',
  async (server) => {
    const tables = [
      '{"create":"slots"}',
      '{"createIndexes":"slots","indexes":[{"key":{"n":1},"name":"n","unique":true}]}',
    ]
    await betweenTwo(mongodb(server), { tables }, async (assets) => {
      const { a, b } = assets
      const insert = (into: string, id: string, rest: string): string =>
        `{"insert":"${into}","documents":[{"_id":"${id}",${rest}}]}`
      await a.database.run(insert('slots', 'a', '"updated_at":"2026-01-01T00:00:00Z"'))
      await b.database.run(insert('slots', 'b', '"updated_at":"2026-02-01T00:00:00Z"'))
      await settle(assets)
      for (const { database } of [a, b]) {
        expect((await database.rows('slots')).map(({ _id }) => _id)).toEqual(['b'])
      }
      expect(await quarantined(a)).toEqual(['slots a'])
    })
  },
)
