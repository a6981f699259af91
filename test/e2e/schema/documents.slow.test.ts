/** Documents need no migrations: a MongoDB without collections joins, and gets the collections that come later, with their unique keys. One that was dropped here is not made again. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { firstExport, withEmptyAssets, type TwoAssets } from '../../support/two-assets.ts'

const UNIQUE = '{"createIndexes":"users","indexes":[{"key":{"name":1},"name":"n","unique":true}]}'

describe.each(inject('mongodb'))('on $name, a database without collections', (server) => {
  const exported = (work: (assets: TwoAssets) => Promise<void>): Promise<void> =>
    withEmptyAssets(mongodb(server), { tables: [], collections: {} }, async (assets) => {
      const { a, b } = assets
      await a.database.insert('users', [{ _id: 'x', name: 'Ann' }])
      await a.database.run(UNIQUE)
      await a.database.insert('visits', [{ _id: 1, user: 'x' }])
      await a.database.insert('words', [{ _id: 1, word: 'one' }])
      await firstExport(a)
      await b.git('pull', '-q')
      await work(assets)
    })
  const stateOf = async (asset: Asset): Promise<Readonly<Record<string, { readonly state: string }>>> => {
    const { sources } = JSON.parse((await asset.tandem('status', '--json')).stdout) as {
      sources: { app: { collections: Record<string, { state: string }> } }
    }
    return sources.app.collections
  }

  test('joins: every collection is made, with its unique keys', () =>
    exported(async ({ a, b }) => {
      const { code, text } = await b.tandem('init', '--yes')
      expect([code, text]).toEqual([0, expect.not.stringMatching(/held|migrations/)])
      expect(await disagreements({ a, b })).toEqual([])
      await expect(b.database.insert('users', [{ _id: 'y', name: 'Ann' }])).rejects.toThrow(/duplicate|E11000/)
    }))

  test('is made whole by --create-schema too', () =>
    exported(async ({ a, b }) => {
      const { code, text } = await b.tandem('init', '--create-schema', '--yes')
      expect([code, text]).toEqual([0, expect.not.stringContaining('held')])
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('gets a collection that another machine adds later, at a pull and at a push, and answers nothing', () =>
    exported(async ({ a, b }) => {
      await b.tandem('init', '--yes')
      await a.database.insert('later', [{ _id: 1, at: 'pull' }])
      await a.git('push')
      expect((await b.git('pull')).text).not.toContain('held')
      expect(await disagreements({ a, b })).toEqual([])
      await a.database.insert('latest', [{ _id: 1, at: 'push' }])
      await a.git('push')
      await b.start('git', ['pull', '-q'], { TANDEM_SKIP: '1' })
      expect((await stateOf(b))['latest']).toMatchObject({ state: 'apply-needed' })
      expect((await b.tandem('export', '--dry-run')).text).not.toMatch(/held|delete/)
      const before = await b.commits()
      expect((await b.git('push')).text).not.toContain('held')
      expect(await b.commits()).toBe(before)
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('keeps the hold on one that was dropped here', () =>
    exported(async ({ a, b }) => {
      await b.tandem('init', '--yes')
      await b.database.run('{"drop":"words"}')
      await a.database.insert('words', [{ _id: 2, word: 'two' }])
      await a.git('push')
      expect((await b.git('pull')).text).toMatch(/app\/words is held.*has no words/)
      expect((await b.tandem('status')).text).toContain('has no words')
    }))
})
