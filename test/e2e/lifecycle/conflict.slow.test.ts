/** The life cycle, pulling what git cannot merge by itself: nothing reaches the database before a person has concluded or given up. */
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../support/asset.ts'
import { diverge, earn, expectBoth, profit, status, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, TWENTY, work)

describe('a conflict', () => {
  /** As `diverge`, and both changed the same line of code. */
  async function conflictInCode(assets: TwoAssets): Promise<void> {
    const { a, b } = assets
    await a.commit('code.txt', 'a\n')
    await b.commit('code.txt', 'b\n')
    await diverge(assets)
  }

  test('in code stops the merge without touching the database; the concluding commit applies', () =>
    between(async (assets) => {
      const { b } = assets
      await conflictInCode(assets)
      expect((await b.try('pull', '--no-edit')).code).toBe(1)
      expect(await profit(b, 1)).toBe(1.5)
      await b.write('code.txt', 'both\n')
      await b.git('add', 'code.txt')
      expect((await b.git('commit', '-q', '--no-edit')).text).toContain('applied')
      expect(await profit(b, 1)).toBe(101)
      await expectBoth(assets)
    }))

  test('in code, given up with merge --abort: the database stays, and nothing is staged', () =>
    between(async (assets) => {
      const { b } = assets
      await conflictInCode(assets)
      await b.try('pull', '--no-edit')
      await b.git('merge', '--abort')
      expect([await profit(b, 1), await profit(b, 2)]).toEqual([1.5, 202])
      expect(await status(b)).toBe('')
    }))

  test('in a rebase: nothing is applied until --continue has brought the branch back', () =>
    between(async (assets) => {
      const { b } = assets
      await conflictInCode(assets)
      expect((await b.try('pull', '--rebase')).code).toBe(1)
      expect(await profit(b, 1)).toBe(1.5)
      await b.write('code.txt', 'both\n')
      await b.git('add', 'code.txt')
      await b.git('rebase', '--continue')
      await expectBoth(assets)
    }))

  test('in a rebase that is aborted leaves database and files as they were', () =>
    between(async (assets) => {
      const { b } = assets
      await conflictInCode(assets)
      const before = await b.id('HEAD')
      await b.try('pull', '--rebase')
      await b.git('rebase', '--abort')
      expect(await b.id('HEAD')).toBe(before)
      expect([await profit(b, 1), await profit(b, 2)]).toEqual([1.5, 202])
      expect(await status(b)).toBe('')
    }))

  test('in the exports without the driver is settled by tandem resolve, record by record', () =>
    between(async (assets) => {
      const { b } = assets
      await diverge(assets)
      await earn(b, 1, 111)
      await b.tandem('export', '--commit')
      await b.git('config', '--remove-section', 'merge.tandem')
      expect((await b.try('pull', '--no-edit')).code).toBe(1)
      expect((await b.tandem('resolve')).code).toBe(0)
      await b.git('commit', '-q', '--no-edit')
      expect([await profit(b, 1), await profit(b, 2)]).toEqual([111, 202])
      expect(await b.digest()).toMatchObject({ ok: true })
    }))

  test('in the exports that was settled by hand is read strictly: a wrong line is named, the database untouched', () =>
    between(async (assets) => {
      const { b } = assets
      await diverge(assets)
      await earn(b, 1, 111)
      await b.tandem('export', '--commit')
      await b.git('config', '--remove-section', 'merge.tandem')
      await b.try('pull', '--no-edit')
      const before = await b.database.rows('traders')
      await b.git('add', '-A')
      const commit: Answer = await b.git('commit', '-q', '--no-edit')
      expect(commit.text).toMatch(/exports\/app\/traders\/records\.jsonl:\d+/)
      expect(await b.database.rows('traders')).toEqual(before)
      expect((await b.tandem('apply')).code).toBe(4)
    }))
})
