/** A MongoDB collection that both machines renamed before either pulled: it is known by its documents, so what nobody opposed survives and what was deleted stays away. */
import { MongoClient } from 'mongodb'
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const orders = Array.from({ length: 12 }, (_, i) => ({ _id: i + 1, title: `order ${i + 1}`, state: 'new' }))
/** Of the same structure and with the same `_id`s, as all collections of documents may be. */
const visits = Array.from({ length: 12 }, (_, i) => ({ _id: i + 1, page: `page ${i + 1}`, user: `user ${i + 1}` }))

async function rename(asset: Asset, from: string, to: string): Promise<void> {
  const client = new MongoClient(asset.database.url)
  try {
    await client.db().collection(from).rename(to)
  } finally {
    await client.close()
  }
}

describe.each(inject('mongodb'))('on $name', (server) => {
  const edited = (work: (assets: TwoAssets) => Promise<void>): Promise<void> =>
    betweenTwo(mongodb(server), { tables: [], records: { orders, visits }, collections: {} }, async (assets) => {
      const { a, b } = assets
      for (const asset of [a, b]) {
        await rename(asset, 'orders', 'purchases')
        await rename(asset, 'visits', 'views')
      }
      await a.database.change('purchases', { _id: 2 }, { state: 'by a' })
      await b.database.change('purchases', { _id: 2 }, { title: 'by b' })
      await a.database.change('purchases', { _id: 3 }, { state: 'by a' })
      await b.database.remove('purchases', { _id: 4 })
      await b.database.insert('views', [{ _id: 20, page: 'by b' }])
      await work(assets)
      await exchange(assets)
      for (const { database } of [a, b]) {
        const rows = new Map((await database.rows('purchases')).map((row) => [row['_id'], row]))
        expect([rows.size, rows.has('4')]).toEqual([11, false])
        expect(rows.get('2')).toEqual({ _id: '2', title: 'by b', state: 'by a' })
        expect(rows.get('3')).toMatchObject({ state: 'by a' })
        expect(await database.rows('views')).toHaveLength(13)
      }
      expect(await disagreements({ a, b })).toEqual([])
      for (const asset of [a, b]) expect((await asset.tandem('status')).text).toMatch(/^app: in-sync$/m)
    })

  test('edits that no commit has yet, and one forget for each old name', () =>
    edited(async ({ a, b }) => {
      for (const name of ['orders', 'visits']) await a.tandem('forget', `app/${name}`)
      await a.git('push')
      expect((await b.git('pull', '--no-edit')).text).not.toContain('conflicts')
    }))

  test('edits that both have committed', () =>
    edited(async ({ a, b }) => {
      await b.tandem('export', '--commit')
      for (const name of ['orders', 'visits']) await a.tandem('forget', `app/${name}`)
      await a.git('push')
      expect((await b.git('pull', '--no-edit')).text).toContain('conflicts 0')
    }))
})
