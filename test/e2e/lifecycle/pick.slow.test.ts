/** The life cycle, taking single commits: cherry-pick, revert and am, of data commits and of commits in which code and data are mixed. */
import { describe, expect, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { earn, profit, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, TWENTY, work)

/** Makes the branch `side` at b's HEAD, with what a has earned in a data commit for each trader; b does not hold it. */
async function sideBranch({ a, b }: TwoAssets, ...ids: number[]): Promise<void> {
  for (const i of ids) {
    await earn(a, i, 100 * i + i)
    await a.tandem('export', '--commit')
    await a.git('push', '--no-verify', '-q', 'origin', 'HEAD:refs/heads/side')
  }
  await b.git('fetch', '-q')
}

/** A commit that changes code and adds trader 50, in one, as `"exportOn": ["commit"]` and careless amends make them. */
async function mixedCommit(asset: Asset): Promise<string> {
  await asset.database.insert('traders', [trader('id', 50)])
  await asset.tandem('export')
  await asset.write('feature.txt', 'feature\n')
  await asset.git('add', 'feature.txt')
  await asset.git('commit', '-q', '-m', 'feature')
  return asset.id('HEAD')
}

/** Both have the mixed commit, pushed, and are quiet. */
async function sharedMixedCommit({ a, b }: TwoAssets): Promise<string> {
  const mixed = await mixedCommit(a)
  await a.git('push', '-q')
  await b.git('pull', '-q')
  expect(await profit(b, 50)).toBe(50.5)
  return mixed
}

/** What every push and pull says about a mixed commit that waits. */
const WAITS = /held.*tandem apply.*tandem export --commit/

describe('a data commit', () => {
  test('that is cherry-picked is applied, also as one of a series, and travels on', () =>
    between(async (assets) => {
      const { a, b } = assets
      await sideBranch(assets, 1, 2, 3)
      expect((await b.git('cherry-pick', 'origin/side~2')).text).toContain('applied')
      expect([await profit(b, 1), await profit(b, 2)]).toEqual([101, 2.5])
      await b.git('cherry-pick', 'origin/side~2..origin/side')
      expect([await profit(b, 2), await profit(b, 3)]).toEqual([202, 303])
      expect(await b.digest()).toMatchObject({ ok: true })
      await b.git('push', '-q')
      await a.git('pull', '-q', '--no-edit')
      await a.git('push', '-q')
      await b.git('pull', '-q', '--no-edit')
      expect([await profit(a, 1), await profit(a, 3)]).toEqual([101, 303])
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }))

  test('that is reverted is undone here and on the other machine', () =>
    between(async (assets) => {
      const { a, b } = assets
      await a.database.insert('traders', [trader('id', 50)])
      await earn(a, 1, 101)
      await a.git('push', '-q')
      await b.git('pull', '-q')
      expect((await a.git('revert', '--no-edit', 'HEAD')).text).toContain('applied')
      expect([await profit(a, 1), await profit(a, 50)]).toEqual([1.5, Number.NaN])
      await a.git('push', '-q')
      await b.git('pull', '-q')
      expect([await profit(b, 1), await profit(b, 50)]).toEqual([1.5, Number.NaN])
      expect(await disagreements(assets)).toEqual([])
    }))

  test('that held many new records is not reverted past the guard, which names the way', () =>
    between(async ({ a }) => {
      await a.database.insert('traders', traders('id', 20, 60))
      await a.git('push', '-q')
      expect((await a.git('revert', '--no-edit', 'HEAD')).text).toContain('--allow-deletes')
      expect(await profit(a, 60)).toBe(60.5)
      expect((await a.tandem('apply', '--allow-deletes', 'traders=20')).code).toBe(0)
      expect(await profit(a, 60)).toBeNaN()
    }))
})

describe('a commit in which code and data are mixed', () => {
  test('is applied when it comes in by a pull; a revert of it is held until tandem apply takes it, here and on the other machine', () =>
    between(async (assets) => {
      const { a, b } = assets
      await sharedMixedCommit(assets)
      expect((await a.git('revert', '--no-edit', 'HEAD')).text).toMatch(WAITS)
      await earn(a, 1, 101)
      expect((await a.git('push')).text).toMatch(WAITS)
      expect(await profit(a, 50)).toBe(50.5)
      expect((await a.tandem('status')).text).toContain('held')
      expect((await a.tandem('apply')).code).toBe(0)
      expect([await profit(a, 1), await profit(a, 50)]).toEqual([101, Number.NaN])
      await a.git('push', '-q')
      await b.git('pull', '-q')
      expect([await profit(b, 1), await profit(b, 50)]).toEqual([101, Number.NaN])
      expect(await disagreements(assets)).toEqual([])
    }))

  test('reverted: tandem export --commit keeps the data and takes what came in since; the code stays reverted', () =>
    between(async (assets) => {
      const { a, b } = assets
      await sharedMixedCommit(assets)
      await earn(b, 2, 202)
      await b.git('push', '-q')
      await a.commit('feature.txt', 'changed since\n')
      expect((await a.try('revert', '--no-edit', 'HEAD^')).code).toBe(1)
      await a.git('rm', '-q', 'feature.txt')
      expect((await a.git('revert', '--continue')).text).toMatch(WAITS)
      await a.git('pull', '-q', '--no-edit')
      await earn(a, 1, 101)
      expect((await a.tandem('export', '--commit')).code).toBe(0)
      expect([await profit(a, 1), await profit(a, 2), await profit(a, 50)]).toEqual([101, 202, 50.5])
      await a.git('push', '-q')
      await b.git('pull', '-q')
      expect([await profit(b, 1), await profit(b, 2), await profit(b, 50)]).toEqual([101, 202, 50.5])
      expect((await b.git('ls-files', 'feature.txt')).stdout).toBe('')
      expect(await disagreements(assets)).toEqual([])
    }))

  test.each([
    ['cherry-picked', (b: Asset) => b.git('cherry-pick', 'origin/side')],
    [
      'taken from a mail',
      async (b: Asset) => {
        await b.git('format-patch', '-1', '-o', '../mail', 'origin/side')
        await b.start('sh', ['-c', 'git am ../mail/*.patch'])
        return b.tandem('status') // am runs no hook of ours
      },
    ],
  ])('%s is held, also after a rebase; tandem apply takes it', (_how, take) =>
    between(async (assets) => {
      const { a, b } = assets
      await mixedCommit(a)
      await a.git('push', '--no-verify', '-q', 'origin', 'HEAD:refs/heads/side')
      await b.git('fetch', '-q')
      const said = await take(b)
      expect(said.text).toMatch(WAITS)
      expect(await profit(b, 50)).toBeNaN()
      await b.git('commit', '-q', '--amend', '-m', 'feature, in other words')
      await b.git('rebase', '-q', '--force-rebase', 'HEAD~1')
      expect(await profit(b, 50)).toBeNaN()
      expect((await b.tandem('apply')).code).toBe(0)
      expect(await profit(b, 50)).toBe(50.5)
      expect(await b.digest()).toMatchObject({ ok: true })
    }),
  )
})
