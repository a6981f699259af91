/** The life cycle, both first: two machines that set up and export before either has pulled, in one layout or in two; and a text merge across a relayout. */
import { describe, expect, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import { key, profits } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { betweenTwo, withEmptyAssets, type TwoAssets } from '../../support/two-assets.ts'

/** Both have the configuration, set up and export; neither has the other's exports. */
async function bothFirst({ a, b }: TwoAssets): Promise<void> {
  await b.git('pull', '-q')
  for (const asset of [a, b]) {
    expect((await asset.tandem('init', '--yes')).code).toBe(0)
    expect((await asset.tandem('export', '--commit')).code).toBe(0)
  }
  await a.git('push', '-q', '--no-verify')
}

async function expectAll(assets: TwoAssets, count: number): Promise<void> {
  const { a, b } = assets
  await exchange({ a: b, b: a })
  for (const asset of [a, b]) expect(await asset.database.rows('traders')).toHaveLength(count)
  expect(await disagreements(assets)).toEqual([])
}

describe('both export before the first pull', () => {
  test('in one layout: git’s driver unites the files, newer values win, both hold all', () =>
    withEmptyAssets(sqlite, { records: { traders: traders('id', 20) } }, async (assets) => {
      const { a, b } = assets
      await b.database.insert('traders', traders('id', 20, 11))
      const later = new Date(Date.UTC(2026, 5, 1))
      await b.database.change('traders', key(11), { profit_usd: 1111, updated_at: later })
      await a.database.change('traders', key(12), { profit_usd: 1212, updated_at: later })
      await bothFirst(assets)
      const pull = await b.git('pull', '--no-edit')
      expect(pull.text).not.toContain('held')
      expect(await profits(b, 1, 11, 12, 30)).toEqual([1.5, 1111, 1212, 30.5])
      await expectAll(assets, 30)
      expect(await profits(a, 1, 11, 12, 30)).toEqual([1.5, 1111, 1212, 30.5])
    }))

  test('in two layouts: tandem resolve unites them in the larger one', () =>
    withEmptyAssets(sqlite, { records: { traders: traders('id', 20) } }, async (assets) => {
      const { b } = assets
      await b.database.insert('traders', traders('id', 300, 11))
      await bothFirst(assets)
      expect((await b.try('pull', '--no-edit')).code).toBe(1)
      expect((await b.tandem('resolve')).code).toBe(0)
      await b.git('commit', '-q', '--no-edit')
      expect(await profits(b, 1, 11, 310)).toEqual([1.5, 11.5, 310.5])
      await expectAll(assets, 310)
    }))
})

test('a text merge across a relayout by somebody without the tool is named at the next pull, and tandem resolve mends it', () =>
  betweenTwo(sqlite, { records: { traders: traders('id', 20) } }, async (assets) => {
    const { a, b, folder, remote } = assets
    await b.database.change('traders', key(15), { profit_usd: 1515, updated_at: new Date() })
    await b.tandem('export', '--commit')
    await b.git('push', '--no-verify', '-q', 'origin', 'HEAD:refs/heads/side')
    await a.database.insert('traders', traders('id', 300, 100))
    expect((await a.tandem('export', '--relayout', '--commit')).code).toBe(0)
    await a.git('push', '--no-verify', '-q')
    // both files of every record are there afterwards: the old one, edited, and the new ones
    const merge = `git clone -q '${remote}' '${folder}/colleague'; cd '${folder}/colleague'; git merge -q origin/side -X theirs >/dev/null 2>&1 || { git checkout --theirs exports; git add exports; git commit -q --no-edit; }; git push -q`
    expect((await a.start('sh', ['-ec', merge])).code).toBe(0)
    const pull = await a.git('pull', '--no-edit')
    expect(pull.text).toContain('tandem resolve')
    expect(await profits(a, 15)).toEqual([15.5])
    expect((await a.tandem('resolve')).code).toBe(0)
    await a.git('commit', '-q', '-m', 'mended')
    expect(await profits(a, 15, 399)).toEqual([1515, 399.5])
    await a.git('push', '-q')
    await b.git('pull', '-q', '--no-edit')
    await expectAll(assets, 320)
    expect(await profits(b, 15, 399)).toEqual([1515, 399.5])
  }))
