/** The life cycle, moving HEAD: commits, amends, resets, checkouts; and the places where hooks touch nothing. */
import { describe, expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import { assetAt, type Asset } from '../../support/asset.ts'
import { earn, profit, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, TWENTY, work)

/** Machine a changes a trader and pushes. */
async function earnAndPush(asset: Asset, i: number, amount: number): Promise<void> {
  await earn(asset, i, amount)
  await asset.git('push')
}

describe('a commit', () => {
  test.each([
    ['', ['commit', '-m', 'code']],
    [' -a', ['commit', '-a', '-m', 'code']],
    [' -- path', ['commit', '-m', 'code', '--', 'code.txt']],
  ])('commit%s holds code only, whatever the database holds', (_title, words) =>
    between(async ({ a }) => {
      await earn(a, 1, 101)
      await a.write('code.txt', 'two\n')
      if (words.length === 3) await a.git('add', 'code.txt')
      await a.git(...words)
      expect((await a.git('show', '--name-only', '--format=', 'HEAD')).stdout.trim()).toBe('code.txt')
      expect((await a.git('status', '--porcelain')).stdout).toBe('')
      expect(await profit(a, 1)).toBe(101)
    }),
  )

  test('brings in what HEAD holds and the database lacks: no hook ran after a fetch and reset', () =>
    between(async ({ a, b }) => {
      await earnAndPush(a, 1, 101)
      await b.git('fetch', '-q')
      await b.git('reset', '-q', '--hard', 'origin/main')
      expect(await profit(b, 1)).toBe(1.5)
      await b.commit('code.txt', 'two\n')
      expect(await profit(b, 1)).toBe(101)
    }))

  test('amended after a data commit: how to put it right is said, and both machines agree after the force push', () =>
    between(async (assets) => {
      const { a, b } = assets
      await earn(a, 1, 101)
      await a.git('push')
      await a.write('code.txt', 'amended\n')
      const amend = await a.git('commit', '-a', '--amend', '-m', 'code')
      expect(amend.text).toMatch(/amended data commit|data commit/)
      expect(await a.digest()).toMatchObject({ ok: true })
      await earn(a, 2, 202)
      await a.git('push', '--force')
      await b.git('pull', '--rebase')
      expect([await profit(b, 1), await profit(b, 2)]).toEqual([101, 202])
      expect(await disagreements(assets)).toEqual([])
    }))
})

describe('reset --hard', () => {
  test('back to an older commit does nothing to the database; the next push puts the live data on top', () =>
    between(async (assets) => {
      const { a, b } = assets
      await earnAndPush(a, 1, 101)
      await a.git('reset', '-q', '--hard', 'HEAD^')
      expect(await profit(a, 1)).toBe(101)
      await earn(a, 2, 202)
      await a.git('push', '--force')
      expect([await profit(a, 1), await profit(a, 2)]).toEqual([101, 202])
      await b.git('pull')
      expect([await profit(b, 1), await profit(b, 2)]).toEqual([101, 202])
      expect(await disagreements(assets)).toEqual([])
    }))

  test('to origin/main, as a deploy does, followed by tandem apply brings the data in', () =>
    between(async (assets) => {
      const { a, b } = assets
      await earnAndPush(a, 1, 101)
      await b.git('fetch', '-q')
      await b.git('reset', '-q', '--hard', 'origin/main')
      expect((await b.tandem('apply')).code).toBe(0)
      expect(await profit(b, 1)).toBe(101)
      expect(await disagreements(assets)).toEqual([])
    }))

  test('to origin/main that drops an unpushed data commit: live keeps its records, and the next push brings them', () =>
    between(async (assets) => {
      const { a, b } = assets
      await earnAndPush(a, 1, 101)
      await earn(b, 2, 202)
      await b.database.insert('traders', [trader('id', 50)])
      await b.tandem('export', '--commit')
      await b.git('fetch', '-q')
      await b.git('reset', '-q', '--hard', 'origin/main')
      expect((await b.tandem('apply')).code).toBe(0)
      expect([await profit(b, 1), await profit(b, 2), await profit(b, 50)]).toEqual([101, 202, 50.5])
      await b.git('push')
      await a.git('pull')
      expect([await profit(a, 2), await profit(a, 50)]).toEqual([202, 50.5])
      expect(await disagreements(assets)).toEqual([])
    }))
})

describe('checkout', () => {
  test('of an old commit, and back: the database is left alone, and is in step again', () =>
    between(async ({ a }) => {
      await earnAndPush(a, 1, 101)
      await a.git('checkout', '-q', 'HEAD^')
      expect(await profit(a, 1)).toBe(101)
      await a.git('checkout', '-q', 'main')
      expect(await profit(a, 1)).toBe(101)
      expect(await a.digest()).toMatchObject({ ok: true })
    }))

  test('of another branch whose exports are older, and back with news: reconciled only on the carrying branch', () =>
    between(async ({ a, b }) => {
      await b.git('branch', 'feature')
      await earnAndPush(a, 1, 101)
      await b.git('checkout', '-q', 'feature')
      await b.git('fetch', '-q', 'origin', 'main:main')
      await b.commit('code.txt', 'feature\n')
      expect(await profit(b, 1)).toBe(1.5)
      await b.git('checkout', '-q', 'main')
      expect(await profit(b, 1)).toBe(101)
    }))

  test('by bisect walks through old exports without touching the database', () =>
    between(async ({ a }) => {
      const good = await a.id('HEAD')
      for (const i of [1, 2, 3, 4]) await earnAndPush(a, i, 100 + i)
      await a.git('bisect', 'start', 'HEAD', good)
      const run = await a.git('bisect', 'run', 'true')
      expect(run.text).toContain('is the first bad commit')
      await a.git('bisect', 'reset')
      expect([await profit(a, 1), await profit(a, 4)]).toEqual([101, 104])
      expect(await a.digest()).toMatchObject({ ok: true })
    }))
})

describe('hooks touch nothing', () => {
  test('on a detached HEAD: neither pull nor push reaches the database', () =>
    between(async ({ a, b, remote }) => {
      await earnAndPush(a, 1, 101)
      await earn(b, 2, 202)
      await b.git('checkout', '-q', '--detach')
      await b.git('pull', '-q', 'origin', 'main')
      expect(await profit(b, 1)).toBe(1.5)
      const head = await b.id('HEAD')
      expect((await b.git('push', 'origin', 'HEAD:main')).text).toContain('data not carried: HEAD is detached')
      expect(await b.id('HEAD')).toBe(head)
      expect((await b.git('ls-remote', remote, 'main')).stdout).toContain(head)
    }))

  test.each(['true', '1'])('where CI is %s', (value) =>
    between(async ({ a, b }) => {
      await earnAndPush(a, 1, 101)
      await earn(b, 2, 202)
      const before = await b.database.rows('traders')
      await b.start('git', ['pull'], { CI: value })
      expect(await b.database.rows('traders')).toEqual(before)
      await b.start('git', ['push'], { CI: value })
      expect(await b.id('HEAD')).toBe(await a.id('HEAD'))
    }),
  )

  test('under TANDEM_SKIP=1', () =>
    between(async ({ a, b }) => {
      await earnAndPush(a, 1, 101)
      await b.start('git', ['pull'], { TANDEM_SKIP: '1' })
      expect(await profit(b, 1)).toBe(1.5)
      await b.tandem('apply')
      expect(await profit(b, 1)).toBe(101)
    }))

  test('in a submodule: what the other machine pushed is not applied there, and a push carries no data', () =>
    between(async ({ a, folder, remote }) => {
      const outer = `${folder}/outer`
      const root = `${outer}/part`
      await a.git('init', '-q', outer)
      await a.git('-C', outer, 'submodule', '--quiet', 'add', remote, 'part')
      const database = await sqlite.create(root, 0)
      const part = assetAt('part', root, { database, environment: a.environment })
      await database.run(...sqlite.tables)
      await part.tandem('init', '--yes')
      const before = await database.rows('traders')
      await earnAndPush(a, 1, 101)
      await part.git('pull', '-q')
      expect(await database.rows('traders')).toEqual(before)
      await database.insert('traders', [trader('id', 50)])
      const head = await part.commit('code.txt', 'two\n')
      expect((await part.git('push')).text).toContain('data not carried: this is a submodule')
      expect(await part.id('HEAD')).toBe(head)
    }))
})
