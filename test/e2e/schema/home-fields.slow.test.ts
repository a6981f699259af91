/** Columns that stay at home and are required (`password NOT NULL`, left out as a credential): decided on the first machine, before anything is exported; with a placeholder records arrive on every engine. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Engine } from '../../support/live-database.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, firstExport, withEmptyAssets, type TwoAssetsOptions } from '../../support/two-assets.ts'

const engines: readonly Engine[] = [sqlite, postgres(inject('postgres'))]

const SITE: TwoAssetsOptions = {
  tables: [
    `CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, password TEXT NOT NULL, api_key TEXT NOT NULL DEFAULT '')`,
    'CREATE TABLE orders (id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id))',
    'CREATE TABLE lines (id TEXT PRIMARY KEY, order_id TEXT REFERENCES orders (id))',
    'CREATE TABLE tags (id TEXT PRIMARY KEY, name TEXT)',
  ],
  records: {
    users: [{ id: 'u1', name: 'Ann', password: 'hash of a' }],
    orders: [{ id: 'o1', user_id: 'u1' }],
    tags: [{ id: 't1', name: 'new' }],
  },
  collections: {},
}

async function configure(asset: Asset, options: object): Promise<void> {
  const configuration = JSON.parse(await asset.read('tandem.config.json')) as { sources: { app: object } }
  const app = { ...configuration.sources.app, ...options }
  await asset.commit('tandem.config.json', JSON.stringify({ ...configuration, sources: { app } }))
}

const exported = async (asset: Asset): Promise<string> => (await asset.git('ls-files', 'exports')).stdout

describe.each(engines)('$name, before anybody has decided', (engine) => {
  test('init says so with the three ways to paste, the table is held with those tied to it, and the rest travels', () =>
    withEmptyAssets(engine, SITE, async ({ a }) => {
      const init = await a.tandem('init', '--yes')
      expect(init.text).toMatch(/app\/users is held: password must have a value in every record and stays at home/)
      expect(init.text).toContain('"collections": {"users": {"omit": ["!password"]}}')
      expect(init.text).toContain('"collections": {"users": {"placeholder": {"password": "!"}}}')
      expect(init.text).toContain('"exclude": ["users", "orders", "lines"]')
      const push = await a.git('push', '-u', 'origin', 'main')
      expect(push.text).toMatch(/app\/users is held .*tandem init/)
      const files = await exported(a)
      expect([files.includes('exports/app/tags/'), files.includes('exports/app/users/')]).toEqual([true, false])
      expect(files).not.toContain('exports/app/orders/')
      expect((await a.tandem('doctor')).text).toContain('"placeholder": {"password": "!"}')
    }))

  test.each([
    ['carried', { collections: { users: { omit: ['!password'] } } }, ['users', 'orders']],
    ['excluded', { exclude: ['users', 'orders', 'lines'] }, []],
  ])('%s by the words that init printed, nothing is held', (_way, options, tables) =>
    withEmptyAssets(engine, SITE, async ({ a, b }) => {
      await a.tandem('init', '--yes')
      await configure(a, options)
      expect((await a.tandem('init', '--yes')).text).not.toContain('is held')
      expect((await a.git('push', '-u', 'origin', 'main')).text).not.toContain('is held')
      await b.git('pull', '-q')
      expect((await b.tandem('init', '--yes')).code).toBe(0)
      for (const table of tables) expect(await b.database.rows(table)).toEqual(await a.database.rows(table))
      expect(await b.database.rows('tags')).toHaveLength(1)
      expect(await disagreements({ a, b })).toEqual([])
    }),
  )
})

describe.each(engines)('$name, with a placeholder', (engine) => {
  const collections = { '*': { placeholder: { password: '!' } } }

  test('records arrive with it, each machine keeps the passwords that it has, and none is exported', () =>
    withEmptyAssets(engine, { ...SITE, collections }, async ({ a, b }) => {
      await firstExport(a)
      await b.git('pull', '-q')
      expect((await b.tandem('init', '--yes')).text).not.toContain('quarantine')
      expect(await b.database.rows('users')).toEqual([{ id: 'u1', name: 'Ann', password: '!', api_key: '' }])
      expect(await b.database.rows('orders')).toHaveLength(1)
      await b.database.change('users', { id: 'u1' }, { password: 'hash of b' })
      await b.database.insert('users', [{ id: 'u2', name: 'Bea', password: 'hash of b' }])
      await a.database.change('users', { id: 'u1' }, { name: 'Anna' })
      await exchange({ a, b })
      const passwords = async (asset: Asset): Promise<string[]> =>
        (await asset.database.rows('users')).map((row) => `${row['name']} ${row['password']}`)
      expect(await passwords(a)).toEqual(['Anna hash of a', 'Bea !'])
      expect(await passwords(b)).toEqual(['Anna hash of b', 'Bea hash of b'])
      expect((await a.git('grep', '-c', 'Bea', 'HEAD', '--', 'exports')).stdout).not.toBe('')
      expect((await a.try('grep', 'hash of', 'HEAD', '--', 'exports')).stdout).toBe('')
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('a record that gets another number, and the one that takes its place, are both accepted', () =>
    betweenTwo(
      engine,
      {
        tables: [
          engine.name === 'SQLite'
            ? 'CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, password TEXT NOT NULL)'
            : 'CREATE TABLE members (id serial PRIMARY KEY, name text, password text NOT NULL)',
        ],
        collections,
      },
      async ({ a, b }) => {
        await a.database.run("INSERT INTO members (name, password) VALUES ('Ann', 'of a')")
        await b.database.run("INSERT INTO members (name, password) VALUES ('Bea', 'of b')")
        await exchange({ a, b })
        const rows = async (asset: Asset): Promise<string[]> =>
          (await asset.database.rows('members')).map((row) => `${row['name']} ${row['password']}`).sort()
        expect([await rows(a), await rows(b)]).toEqual([
          ['Ann of a', 'Bea !'],
          ['Ann !', 'Bea of b'],
        ])
        expect(await disagreements({ a, b })).toEqual([])
      },
    ))
})

describe.each(engines)('$name, required on the second machine only', (engine) => {
  test('init there counts what is refused and prints the ways; with a placeholder, apply lets all of it in', () => {
    const loose = (SITE.tables ?? []).map((sql) => sql.replace('password TEXT NOT NULL', 'password TEXT'))
    return withEmptyAssets(engine, { ...SITE, tables: loose }, async ({ a, b }) => {
      await b.database.run(
        'DROP TABLE lines',
        'DROP TABLE orders',
        'DROP TABLE users',
        ...(SITE.tables ?? []).slice(0, 3),
      )
      await firstExport(a)
      await b.git('pull', '-q')
      const init = await b.tandem('init', '--yes')
      expect(init.text).toMatch(/PARTIAL: 0 conflicts resolved, 1 record after the merge, 2 records in quarantine/)
      expect(init.text).toMatch(/app\/users: password must have a value[^]*"placeholder": \{"password": "!"\}/)
      expect((await b.tandem('status')).text).toContain('in quarantine 2')
      await configure(b, { collections: { users: { placeholder: { password: '!' } } } })
      expect((await b.tandem('init', '--yes')).text).toContain('2 records in quarantine')
      expect((await b.tandem('apply')).code).toBe(0)
      expect([await b.database.rows('users'), await b.database.rows('orders')]).toMatchObject([
        [{ password: '!' }],
        [{}],
      ])
      expect((await b.git('push')).text).not.toContain('quarantine 2')
      await a.git('pull')
      const trusting = await a.tandem('init', '--yes')
      expect(trusting.text).not.toContain('quarantine')
      expect(await disagreements({ a, b })).toEqual([])
    })
  })
})

test('a required number and a truth value that stay at home are filled in by their type', () =>
  betweenTwo(
    postgres(inject('postgres')),
    {
      tables: ['CREATE TABLE pins (id text PRIMARY KEY, n int NOT NULL, ok boolean NOT NULL, at date NOT NULL)'],
      collections: { pins: { omit: ['n', 'ok', 'at'], placeholder: { n: 7, ok: true, at: '2026-01-01' } } },
    },
    async ({ a, b }) => {
      await a.database.run("INSERT INTO pins VALUES ('p', 1, false, '2025-05-05')")
      await exchange({ a, b })
      expect(await b.database.run('SELECT id, n, ok, at::text AS at FROM pins')).toMatchObject([
        { id: 'p', n: '7', ok: 't', at: '2026-01-01' },
      ])
      expect(await disagreements({ a, b })).toEqual([])
    },
  ))

test.each(inject('mongodb').slice(0, 1).map(mongodb))('$name: documents arrive with it', (engine) =>
  betweenTwo(
    engine,
    { collections: { traders: { placeholder: { password: '!', pin: 7 }, omit: ['pin'] } } },
    async ({ a, b }) => {
      await a.database.insert('traders', [{ _id: 't1', ticker: 'X', password: 'secret', pin: 1 }])
      await exchange({ a, b })
      expect(await b.database.rows('traders')).toEqual([{ _id: 't1', ticker: 'X', password: '!', pin: '7' }])
      await a.database.change('traders', { _id: 't1' }, { ticker: 'Y' })
      await exchange({ a, b })
      expect(await b.database.rows('traders')).toEqual([{ _id: 't1', ticker: 'Y', password: '!', pin: '7' }])
      expect(await disagreements({ a, b })).toEqual([])
    },
  ),
)
