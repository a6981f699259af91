/** Tables and columns made on another machine have the order of the first one, which travels in the messages of data commits and in no exported file. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, firstExport, withEmptyAssets } from '../../support/two-assets.ts'

const pg = postgres(inject('postgres'))

const ENGINES = [
  ['SQLite', sqlite],
  ['PostgreSQL', pg],
] as const

/** A table whose columns are in no order of their names, with one that stays at home and a computed one. */
const ORDERS =
  'CREATE TABLE orders (title text, id integer PRIMARY KEY, api_key text, state text NOT NULL, twice integer GENERATED ALWAYS AS (id * 2) STORED, amount integer, UNIQUE (title, amount))'

const SHOP = { tables: [ORDERS], records: { orders: [{ id: 1, title: 'one', state: 'new' }] }, collections: {} }

/** The names of a table's columns, in its order. */
async function columnsOf({ database }: Asset, table: string): Promise<(string | null | undefined)[]> {
  const isSqlite = database.url.startsWith('sqlite')
  const rows = await database.run(
    isSqlite
      ? `PRAGMA table_info(${table})`
      : `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}' ORDER BY ordinal_position`,
  )
  return rows.map((row) => row['name'])
}

async function trailersOf(asset: Asset, revision = 'HEAD'): Promise<string[]> {
  const format = '--format=%(trailers:key=Tandem-Columns,valueonly)'
  return (await asset.git('log', '-1', format, revision)).stdout.split('\n').filter(Boolean)
}

/** Machine b without anything, not even its file. */
async function emptied({ root, database }: Asset): Promise<void> {
  if (database.url.startsWith('sqlite')) await rm(path.join(root, 'data'), { recursive: true })
  else await database.run('DROP TABLE orders')
}

describe.each(ENGINES)('on %s', (_, engine) => {
  test('init --create-schema makes a table in the order of the first machine', () =>
    withEmptyAssets(engine, SHOP, async ({ a, b }) => {
      await firstExport(a)
      expect(await trailersOf(a)).toEqual(['app/orders 3 1 2 0'])
      await b.git('pull', '-q')
      await emptied(b)
      expect((await b.tandem('init', '--create-schema', '--yes')).code).toBe(0)
      expect(await columnsOf(b, 'orders')).toEqual(['title', 'id', 'state', 'amount'])
      expect(await disagreements({ a, b })).toEqual([])
      await b.database.change('orders', { id: 1 }, { state: 'paid' })
      await exchange({ a: b, b: a })
      expect(await trailersOf(b)).toEqual([])
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('apply --apply-schema makes new tables, and several new columns of a table, in that order; a migration that waits beside edits tells it too', () =>
    betweenTwo(engine, SHOP, async ({ a, b }) => {
      await a.database.run(
        'CREATE TABLE parts (weight integer, name text, id integer PRIMARY KEY, colour text)',
        'ALTER TABLE orders ADD COLUMN zone text',
        'ALTER TABLE orders ADD COLUMN note text',
        'ALTER TABLE orders ADD COLUMN kind text',
      )
      await a.database.insert('parts', [{ id: 1, name: 'nut' }])
      await a.git('push')
      expect(await trailersOf(a)).toEqual(['app/orders 5 1 4 0 6 3 2', 'app/parts 3 2 1 0'])
      await b.git('pull')
      const applied = await b.tandem('apply', '--apply-schema', '--yes')
      expect(applied.code).toBe(0)
      expect(await columnsOf(b, 'parts')).toEqual(['weight', 'name', 'id', 'colour'])
      expect((await columnsOf(b, 'orders')).slice(-3)).toEqual(['zone', 'note', 'kind'])
      expect(await disagreements({ a, b })).toEqual([])
      // both wrote: what a pull meets becomes a commit of its own
      await b.database.run('ALTER TABLE parts ADD COLUMN size text', 'ALTER TABLE parts ADD COLUMN area text')
      await b.database.change('parts', { id: 1 }, { size: 'M6' })
      await a.database.change('parts', { id: 1 }, { colour: 'red' })
      await a.git('push')
      await b.git('pull', '--no-edit')
      await b.git('push')
      await a.git('pull', '--no-edit')
      expect((await a.tandem('apply', '--apply-schema', '--yes')).code).toBe(0)
      expect((await columnsOf(a, 'parts')).slice(-2)).toEqual(['size', 'area'])
      expect(await disagreements({ a, b })).toEqual([])
    }))
})

test('a commit keeps the order when it is amended; where a squash loses it or somebody writes nonsense, names are sorted and nothing else happens', () =>
  withEmptyAssets(sqlite, SHOP, async ({ a, b }) => {
    await a.tandem('init', '--yes')
    await a.tandem('export', '--commit')
    await a.git('commit', '-q', '--amend', '--no-edit', '--reset-author')
    expect(await trailersOf(a)).toEqual(['app/orders 3 1 2 0'])
    await a.git('push', '-q', '-u', 'origin', 'main')
    await b.git('pull', '-q')
    await emptied(b)
    expect((await b.tandem('init', '--create-schema', '--yes')).code).toBe(0)
    expect(await columnsOf(b, 'orders')).toEqual(['title', 'id', 'state', 'amount'])
    await a.git('commit', '-q', '--amend', '-m', 'squashed\n\nTandem-Columns: app/orders 3 3 9 -1\nTandem-Columns: x')
    await a.git('push', '-q', '--force', '--no-verify')
    await b.tandem('uninstall')
    await b.git('fetch', '-q')
    await b.git('reset', '-q', '--hard', 'origin/main')
    await emptied(b)
    const made = await b.tandem('init', '--create-schema', '--yes')
    expect(made.code).toBe(0)
    expect(await columnsOf(b, 'orders')).toEqual(['amount', 'id', 'state', 'title'])
  }))

test('the subject may be one of the configuration, and exports that go into a person’s own commit bring the order along', () =>
  withEmptyAssets(
    sqlite,
    {
      ...SHOP,
      configuration: { exportOn: ['push', 'commit'], commit: { message: 'chore: {summary}', signoff: true } },
    },
    async ({ a }) => {
      await firstExport(a)
      expect((await a.git('log', '-1', '--format=%s')).stdout).toContain('chore: app +1')
      expect(await trailersOf(a)).toEqual(['app/orders 3 1 2 0'])
      await a.database.run('CREATE TABLE parts (name text, id integer PRIMARY KEY, colour text)')
      await a.commit('code.txt', 'two\n')
      expect(await trailersOf(a)).toEqual(['app/parts 2 1 0'])
      await a.commit('code.txt', 'three\n')
      expect(await trailersOf(a)).toEqual([])
    },
  ))
