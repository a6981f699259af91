/** Records that two or three machines gave the same numbers, with all that refers to them: every child ends under its own parent, on every machine. */
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements } from '../support/agreement.ts'
import type { Asset } from '../support/asset.ts'
import { belongings, expectedBelongings, openShop, shopTables } from '../support/chinook.ts'
import { postgres } from '../support/live-postgres.ts'
import { sqlite } from '../support/live-sqlite.ts'
import { thirdAsset } from '../support/third-asset.ts'
import { betweenTwo } from '../support/two-assets.ts'

const engines = [sqlite, postgres(inject('postgres'))]

/** Pushes; where somebody was faster, pulls and pushes again. */
async function carry(asset: Asset): Promise<void> {
  const answer = await asset.try('push')
  if (answer.code === 0) return
  await asset.git('pull', '--no-edit')
  await asset.git('push')
}

describe.each(engines)('$name', (engine) => {
  const tables = shopTables(engine)

  test('two machines that opened a shop each have both, with every child under its own parent', async () => {
    await betweenTwo(engine, { tables, collections: {} }, async (assets) => {
      const { a, b } = assets
      await openShop(a, 'old')
      await carry(a)
      await b.git('pull', '--no-edit')
      await openShop(a, 'red')
      await openShop(b, 'blue')
      await carry(a)
      await carry(b)
      await a.git('pull', '--no-edit')
      for (const { database } of [a, b])
        expect(await belongings(database)).toEqual(expectedBelongings(['old', 'red', 'blue']))
      expect(await disagreements(assets)).toEqual([])
      // numbers go on behind all of them
      await openShop(a, 'late')
      await openShop(b, 'later')
      await carry(b)
      await carry(a)
      await b.git('pull', '--no-edit')
      for (const { database } of [a, b])
        expect(await belongings(database)).toEqual(expectedBelongings(['old', 'red', 'blue', 'late', 'later']))
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    })
  })

  test('three machines that opened a shop each all have the three', async () => {
    await betweenTwo(engine, { tables, collections: {} }, async (assets) => {
      const { a, b } = assets
      const c = await thirdAsset(assets, engine, tables)
      try {
        await openShop(a, 'red')
        await openShop(b, 'blue')
        await openShop(c, 'green')
        for (const asset of [a, b, c]) await carry(asset)
        for (const asset of [a, b, c]) await asset.git('pull', '--no-edit')
        for (const { database } of [a, b, c])
          expect(await belongings(database)).toEqual(expectedBelongings(['red', 'blue', 'green']))
        expect(await disagreements({ a, b: c })).toEqual([])
        expect(await disagreements({ a, b })).toEqual([])
        expect(await chatter({ a, b: c })).toEqual([])
      } finally {
        await c.database.drop()
      }
    })
  })
})
