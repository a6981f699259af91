/** The life cycle, pulling: what came in is applied, three-way, and a pull answers nothing. */
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements, exchange } from '../../support/agreement.ts'

import { diverge, earn, expectBoth, profit, status, TWENTY } from '../../support/earnings.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

describe.each([sqlite, postgres(inject('postgres'))])('$name', (engine) => {
  const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(engine, TWENTY, work)

  test('a fast-forward is applied at once; no commit, no modified file', () =>
    between(async ({ a, b }) => {
      await earn(a, 1, 101)
      await a.git('push')
      const pull = await b.git('pull')
      expect(pull.text).toContain('app +0 ~1 -0 applied')
      expect(await b.id('HEAD')).toBe(await a.id('HEAD'))
      expect(JSON.parse((await b.tandem('status', '--json')).stdout)).toMatchObject({
        sources: { app: { state: 'in-sync' } },
      })
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('a fast-forward keeps what the database holds and no commit has: no commit, no modified file, and the next push carries it', () =>
    between(async (assets) => {
      const { a, b } = assets
      await earn(a, 1, 101)
      await a.git('push')
      await earn(b, 2, 202)
      await b.git('pull')
      expect(await b.id('HEAD')).toBe(await a.id('HEAD'))
      expect(await status(b)).toBe('')
      await expectBoth(assets)
    }))

  test('a true merge merges the exports and applies the result, although MERGE_HEAD still exists in post-merge', () =>
    between(async (assets) => {
      const { b } = assets
      await diverge(assets)
      expect((await b.git('pull', '--no-edit')).text).toContain('applied')
      expect((await b.git('log', '-1', '--format=%P')).stdout.trim().split(' ')).toHaveLength(2)
      expect(await b.digest()).toMatchObject({ ok: true })
      expect(await status(b)).toBe('')
      await expectBoth(assets)
    }))

  test('a true merge in which both changed one field leaves a report that travels with the next data commit', () =>
    between(async (assets) => {
      const { a, b } = assets
      await diverge(assets)
      await earn(b, 1, 111)
      expect((await b.tandem('export', '--commit')).code).toBe(0)
      await b.git('pull', '--no-edit')
      expect(await profit(b, 1)).toBe(111)
      await b.git('push')
      await a.git('pull', '--no-edit')
      const files = (await a.git('ls-files', 'exports/reports')).stdout.split('\n')
      const report = files.find((file) => file.endsWith('.json'))
      expect(JSON.stringify(JSON.parse(await a.read(report ?? '')))).toContain('101')
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }))

  test('a pull with rebase applies when the branch is back, over the old sync point', () =>
    between(async (assets) => {
      await diverge(assets)
      await assets.b.git('pull', '--rebase')
      expect((await assets.b.git('log', '--merges', '--format=%s')).stdout).toBe('')
      expect(await assets.b.digest()).toMatchObject({ ok: true })
      await expectBoth(assets)
    }))
})

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, TWENTY, work)

test('a rebase that only forwards runs no hook at its end; the next hook or command applies', () =>
  between(async ({ a, b }) => {
    await earn(a, 1, 101)
    await a.git('push')
    await b.git('fetch', '-q')
    await b.git('rebase', '-q', 'origin/main')
    expect((await b.tandem('apply')).code).toBe(0)
    expect(await profit(b, 1)).toBe(101)
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('a pull --autostash stashes the user’s changes and never an export', () =>
  between(async (assets) => {
    const { b } = assets
    await diverge(assets)
    await b.write('code.txt', 'not committed\n')
    await b.git('pull', '--rebase', '--autostash')
    expect(await b.read('code.txt')).toBe('not committed\n')
    expect(await status(b)).toBe(' M code.txt\n')
    await b.git('checkout', '-q', 'code.txt')
    await expectBoth(assets)
  }))

test('a colleague without the tool merges text; the next machine with the tool checks every hash and applies', () =>
  between(async (assets) => {
    const { a, b, folder, remote } = assets
    await earn(a, 1, 101)
    await a.git('push')
    await earn(b, 15, 1515)
    await b.tandem('export', '--commit')
    await b.git('push', '--no-verify', '-q', 'origin', 'HEAD:refs/heads/side')
    const colleague = `${folder}/colleague`
    await a.git('clone', '-q', remote, colleague)
    const merge = await a.start('git', ['-C', colleague, 'merge', '-q', '--no-edit', 'origin/side'])
    expect(merge.code).toBe(0)
    await a.start('git', ['-C', colleague, 'push', '-q'])
    await a.git('pull', '--no-edit')
    await b.git('pull', '--no-edit')
    expect([await profit(a, 1), await profit(a, 15)]).toEqual([101, 1515])
    await exchange(assets)
    expect(await disagreements(assets)).toEqual([])
    expect(await chatter(assets)).toEqual([])
  }))
