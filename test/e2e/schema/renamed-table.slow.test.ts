/** A table renamed on one machine while the other edits its records: git's rename detection goes by looks and carries edits between folders. */
import { describe, expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Row } from '../../support/live-database.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const orders = Array.from({ length: 40 }, (_, i) => ({ id: i + 1, title: `order number ${i + 1}`, state: 'new' }))
const OPTIONS = {
  tables: ['CREATE TABLE orders (id INTEGER PRIMARY KEY, title TEXT, state TEXT)'],
  records: { orders },
  collections: {},
}

const at = async (asset: Asset, table: string, ...ids: string[]): Promise<(Row | undefined)[]> => {
  const rows = await asset.database.rows(table)
  return ids.map((id) => rows.find((row) => row['id'] === id))
}

const RENAME = 'ALTER TABLE orders RENAME TO purchases'

/** What both machines hold in the end: the edits of both, and what one added. */
async function expectBoth({ a, b }: TwoAssets): Promise<void> {
  for (const asset of [a, b]) {
    expect(await asset.database.rows('purchases')).toHaveLength(41)
    expect(await at(asset, 'purchases', '20', '21', '99')).toEqual([
      { id: '20', title: 'edited by b', state: 'new' },
      { id: '21', title: 'order number 21', state: 'by a' },
      { id: '99', title: 'added by b', state: null },
    ])
    expect((await asset.tandem('status')).text).toMatch(/^app: in-sync$/m)
  }
  expect(await disagreements({ a, b })).toEqual([])
}

/** Machine a renames the table, edits a record and forgets the old name; b edits and adds in the old one. */
async function renamedBesideEdits({ a, b }: TwoAssets): Promise<void> {
  await a.database.run(RENAME)
  await a.database.change('purchases', { id: 21 }, { state: 'by a' })
  expect((await a.tandem('forget', 'app/orders')).code).toBe(0)
  await b.database.change('orders', { id: 20 }, { title: 'edited by b' })
  await b.database.insert('orders', [{ id: 99, title: 'added by b' }])
}

describe('a renamed table that is forgotten once, at once, while the other machine writes in the old one', () => {
  test('resolve brings what was written there into the new one, and the other machine renames it when it likes', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a, b, ...rest }) => {
      await renamedBesideEdits({ a, b, ...rest })
      await a.git('push')
      await b.tandem('export', '--commit')
      expect((await b.try('pull', '--no-edit')).text).toMatch(/CONFLICT[^]*Run: tandem resolve/)
      const resolved = await b.tandem('resolve')
      expect([resolved.code, resolved.text]).toEqual([
        0,
        expect.stringContaining('exports/app/orders: renamed; what was written in it is in exports/app/purchases'),
      ])
      expect((await b.git('commit', '--no-edit')).text).toContain('app/orders is held')
      expect((await b.git('ls-files', 'exports/app')).stdout).not.toContain('orders')
      await b.git('push')
      await a.git('pull')
      expect((await at(a, 'purchases', '20'))[0]).toMatchObject({ title: 'edited by b' })
      await b.database.run(RENAME)
      await b.git('push')
      await a.git('pull')
      await expectBoth({ a, b, ...rest })
    }))

  test('so it does on the machine that renamed it', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a, b, ...rest }) => {
      await renamedBesideEdits({ a, b, ...rest })
      await a.tandem('export', '--commit')
      await b.git('push')
      expect((await a.try('pull', '--no-edit')).code).toBe(1)
      await a.tandem('resolve')
      await a.git('commit', '--no-edit')
      expect((await at(a, 'purchases', '20'))[0]).toMatchObject({ title: 'edited by b' })
      await a.git('push')
      await b.git('pull')
      await b.database.run(RENAME)
      await b.git('push')
      await a.git('pull')
      await expectBoth({ a, b, ...rest })
    }))

  test('edits that no commit has yet come with the rename', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a, b, ...rest }) => {
      await renamedBesideEdits({ a, b, ...rest })
      await a.git('push')
      expect((await b.git('pull', '--no-edit')).text).toContain('app/orders is held')
      await b.database.run(RENAME)
      await b.git('push')
      await a.git('pull')
      await expectBoth({ a, b, ...rest })
    }))

  test('another new table of the same structure, with other records, takes nothing: the old one is kept', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a, b }) => {
      await a.database.run('DROP TABLE orders', 'CREATE TABLE sizes (id INTEGER PRIMARY KEY, title TEXT, state TEXT)')
      await a.database.insert('sizes', [{ id: 1, title: 'small', state: 'old' }])
      await a.tandem('forget', 'app/orders')
      await a.git('push')
      await b.database.change('orders', { id: 20 }, { title: 'edited by b' })
      await b.tandem('export', '--commit')
      expect((await b.try('pull', '--no-edit')).code).toBe(1)
      expect((await b.tandem('resolve')).text).toContain('exports/app/orders: merged')
      await b.git('commit', '--no-edit')
      expect(await b.read('exports/app/orders/records.jsonl')).toContain('edited by b')
      expect(await b.read('exports/app/sizes/records.jsonl')).not.toContain('by b')
    }))
})

test('records that both had before the rename keep their numbers, whichever commits were merged before the second machine renamed', () =>
  betweenTwo(sqlite, OPTIONS, async ({ a, b, ...rest }) => {
    await a.database.run(RENAME)
    await a.database.change('purchases', { id: 21 }, { state: 'by a' })
    await a.git('push')
    await b.database.change('orders', { id: 20 }, { title: 'edited by b' })
    await b.database.insert('orders', [{ id: 99, title: 'added by b' }])
    await b.tandem('export', '--commit')
    await b.git('pull', '--no-edit')
    await b.database.run(RENAME)
    await b.git('push')
    await a.git('pull')
    expect((await a.tandem('forget', 'app/orders')).code).toBe(0)
    await a.git('push')
    await b.git('pull')
    await expectBoth({ a, b, ...rest })
  }))

test('another table of the same structure, made when the first was dropped, is no rename: it gets nothing of the first', () =>
  betweenTwo(sqlite, OPTIONS, async ({ a, b }) => {
    await a.database.run('DROP TABLE orders', 'CREATE TABLE sizes (id INTEGER PRIMARY KEY, title TEXT, state TEXT)')
    const sizes = [
      { id: 1, title: 'small', state: 'old' },
      { id: 2, title: 'large', state: 'old' },
    ]
    await a.database.insert('sizes', sizes)
    await b.database.change('orders', { id: 1 }, { title: 'edited by b' })
    await b.database.remove('orders', { id: 2 })
    await b.git('push')
    expect((await a.git('pull', '--no-edit')).text).toContain('has no orders: run your migrations')
    expect(await a.database.rows('sizes')).toEqual(sizes.map((size) => ({ ...size, id: String(size.id) })))
  }))
