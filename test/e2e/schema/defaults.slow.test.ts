/** Migrations beside edits and deletes: what a migration writes into existing records is nobody's edit, and NULL is a value. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const tables = ['CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC)']
const records = { item: [1, 2, 3, 4].map((id) => ({ id, name: `item ${id}`, price: 18 })) }
const options = { tables, records, collections: {} }
const ADD = `ALTER TABLE item ADD COLUMN state TEXT DEFAULT 'new'`
const REQUIRED = `ALTER TABLE item ADD COLUMN state TEXT NOT NULL DEFAULT 'new'`

/** Pushes, after a pull where somebody was faster. */
async function carry(asset: Asset): Promise<void> {
  if ((await asset.try('push')).code === 0) return
  await asset.git('pull', '--no-edit')
  await asset.git('push')
}

const states = async ({ database }: Asset): Promise<readonly unknown[]> =>
  database.run('SELECT id, name, state FROM item ORDER BY id')

const untouched = (id: number): object => ({ id: String(id), name: `item ${id}`, state: 'new' })

describe.each([sqlite, postgres(inject('postgres'))])('$name', (engine) => {
  test.each(['before it migrated', 'and published it'])(
    'a row that one machine deleted %s stays deleted where the other added a field with a default',
    (when) =>
      betweenTwo(engine, options, async (assets) => {
        const { a, b } = assets
        await a.database.remove('item', { id: 2 })
        if (when === 'and published it') await a.tandem('export', '--commit')
        await b.database.run(ADD)
        await b.database.change('item', { id: 3 }, { state: 'sold' })
        await b.git('push')
        await a.git('pull', '--no-edit')
        await a.database.run(ADD)
        await carry(a)
        await exchange(assets)
        for (const asset of [a, b])
          expect(await states(asset)).toEqual([untouched(1), { ...untouched(3), state: 'sold' }, untouched(4)])
        expect(await disagreements(assets)).toEqual([])
      }),
  )

  test('a row that one machine deleted and the other wrote, in the new field too, is kept', () =>
    betweenTwo(engine, options, async (assets) => {
      const { a, b } = assets
      await a.database.remove('item', { id: 2 })
      await a.tandem('export', '--commit')
      await b.database.run(ADD)
      await b.database.change('item', { id: 2 }, { state: 'sold' })
      await b.git('push')
      await a.git('pull', '--no-edit')
      await a.database.run(ADD)
      await carry(a)
      await exchange(assets)
      for (const asset of [a, b])
        expect(await states(asset)).toEqual([
          untouched(1),
          { ...untouched(2), state: 'sold' },
          untouched(3),
          untouched(4),
        ])
    }))

  test('a NULL that somebody wrote into the new field stays', () =>
    betweenTwo(engine, options, async (assets) => {
      const { a, b } = assets
      for (const { database } of [a, b]) await database.run(ADD)
      await a.database.change('item', { id: 1 }, { state: null })
      await b.database.change('item', { id: 1 }, { name: 'renamed' })
      await b.database.change('item', { id: 2 }, { state: null })
      await a.tandem('export', '--commit')
      await b.git('push')
      await carry(a)
      await exchange(assets)
      for (const asset of [a, b])
        expect(await states(asset)).toEqual([
          { id: '1', name: 'renamed', state: null },
          { id: '2', name: 'item 2', state: null },
          untouched(3),
          untouched(4),
        ])
      expect(await disagreements(assets)).toEqual([])
    }))

  test('a row added before the migration is everywhere once both have migrated, and nothing is in quarantine', () =>
    betweenTwo(engine, options, async (assets) => {
      const { a, b } = assets
      await b.database.run(REQUIRED)
      await a.database.insert('item', [{ id: 9, name: 'item 9', price: 1 }])
      await a.git('push')
      await b.git('pull', '--no-edit')
      await b.git('push')
      await a.git('pull', '--no-edit')
      await a.database.run(REQUIRED)
      await exchange(assets)
      await exchange(assets)
      for (const asset of [a, b]) {
        expect(await states(asset)).toEqual([1, 2, 3, 4, 9].map(untouched))
        expect((await asset.tandem('quarantine')).stdout).not.toContain('[9]')
      }
      expect(await disagreements(assets)).toEqual([])
    }))
})

test('PostgreSQL: a change of the type is no edit, and another machine’s new price stands without a conflict', () =>
  betweenTwo(
    postgres(inject('postgres')),
    { ...options, tables: ['CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price INTEGER)'] },
    async (assets) => {
      const { a, b } = assets
      const convert = 'ALTER TABLE item ALTER COLUMN price TYPE numeric(10,2)'
      await b.database.change('item', { id: 1 }, { price: 20 })
      await b.database.remove('item', { id: 2 })
      await b.tandem('export', '--commit')
      await a.database.run(convert)
      await a.git('push')
      await b.git('pull', '--no-edit')
      await b.database.run(convert)
      await carry(b)
      await a.git('pull', '--no-edit')
      await exchange(assets)
      for (const { database } of [a, b])
        expect(await database.run('SELECT id, price FROM item ORDER BY id')).toEqual([
          { id: '1', price: '20.00' },
          { id: '3', price: '18.00' },
          { id: '4', price: '18.00' },
        ])
      expect(await disagreements(assets)).toEqual([])
    },
  ))
