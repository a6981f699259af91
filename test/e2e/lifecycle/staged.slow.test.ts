/** The life cycle, exports that somebody else staged or changed: squashes, picks without a commit, stashes, single files of another commit. None is overwritten unread. */
import { access } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { earn, key, profits, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets, type TwoAssetsOptions } from '../../support/two-assets.ts'

const between = (work: (assets: TwoAssets) => Promise<void>, options: TwoAssetsOptions = TWENTY): Promise<void> =>
  betweenTwo(sqlite, options, work)

/** Branch `side` of the remote: code, and a's trader 1 at 101; b has fetched it, and has a trader 2 of its own at 202 that no commit holds. */
async function sideBranch({ a, b }: TwoAssets): Promise<void> {
  await a.commit('side.txt', 'side\n')
  await earn(a, 1, 101)
  await a.tandem('export', '--commit')
  await a.git('push', '--no-verify', '-q', 'origin', 'HEAD:refs/heads/side')
  await b.git('fetch', '-q')
  await earn(b, 2, 202)
}

const RECORDS_FILE = 'exports/app/traders/records.jsonl'

async function valueAt(asset: Asset, revision: string, i: number): Promise<number> {
  const text = (await asset.git('show', `${revision}:${RECORDS_FILE}`)).stdout
  const line = text.split('\n').find((each) => each.includes(key(i).id)) ?? ''
  return Number(/"profit_usd":(?:\{"\$real":")?([\d.]+)/.exec(line)?.[1])
}

/** Brings the branch's exports into b's index by a git command: a push leaves them alone and says so, `export --commit` brings them into the database and both sides into the data commit. */
async function expectTaken(assets: TwoAssets, words: readonly string[]): Promise<void> {
  const { b } = assets
  await sideBranch(assets)
  await b.git(...words)
  expect(await profits(b, 1, 2)).toEqual([1.5, 202])
  expect((await b.git('push')).text).toContain('exports hold changes that tandem did not make')
  expect(await valueAt(b, '', 1)).toBe(101)
  expect((await b.tandem('export', '--commit')).code).toBe(0)
  expect(await profits(b, 1, 2)).toEqual([101, 202])
  expect([await valueAt(b, 'HEAD', 1), await valueAt(b, 'HEAD', 2)]).toEqual([101, 202])
  expect((await b.git('status', '--porcelain', '--', 'exports/app')).stdout).toBe('')
}

describe('is not overwritten by a push, which says so, and goes with tandem export --commit into database and data commit:', () => {
  test('merge --squash, whose code stays staged; both machines agree in the end', () =>
    between(async (assets) => {
      const { a, b } = assets
      await expectTaken(assets, ['merge', '--squash', 'origin/side'])
      expect((await b.git('status', '--porcelain')).stdout).toContain('A  side.txt')
      await b.git('commit', '-q', '-m', 'side, squashed')
      await b.git('push', '-q')
      await a.git('pull', '-q', '--no-edit')
      await a.git('push', '-q')
      await b.git('pull', '-q', '--no-edit')
      expect(await profits(a, 1, 2)).toEqual([101, 202])
      expect(await disagreements(assets)).toEqual([])
    }))

  test.each([
    ['cherry-pick -n', ['cherry-pick', '-n', 'origin/side~1', 'origin/side']],
    ['the exports of another commit, checked out', ['checkout', 'origin/side', '--', 'exports']],
  ])('%s', (_name, words) =>
    between(async (assets) => {
      await expectTaken(assets, words)
      expect(await assets.b.digest()).toMatchObject({ ok: true })
    }),
  )
})

test('merge --no-commit does nothing until it is concluded or aborted, and tandem export says so', () =>
  between(async (assets) => {
    const { b } = assets
    await sideBranch(assets)
    await b.commit('code.txt', 'two\n')
    await b.git('merge', '-q', '--no-commit', 'origin/side')
    expect((await b.tandem('export')).text).toContain('in the middle of a merge')
    expect(await profits(b, 1, 2)).toEqual([1.5, 202])
    await b.git('merge', '--abort')
    expect(await b.digest()).toMatchObject({ ok: false })
    expect(await profits(b, 1, 2)).toEqual([1.5, 202])
    await b.git('merge', '-q', '--no-commit', 'origin/side')
    await b.git('commit', '-q', '--no-edit')
    expect(await profits(b, 1, 2)).toEqual([101, 202])
  }))

test('with "exportOn": ["commit"], a merge that a person concludes keeps the other side’s data', () =>
  between(
    async (assets) => {
      const { b } = assets
      await sideBranch(assets)
      await b.git('merge', '-q', '--no-commit', '--no-ff', 'origin/side')
      expect((await b.git('commit', '-q', '--no-edit')).text).toContain('exports hold changes')
      expect(await profits(b, 1, 2)).toEqual([101, 202])
      await b.commit('code.txt', 'two\n')
      expect([await valueAt(b, 'HEAD', 1), await valueAt(b, 'HEAD', 2)]).toEqual([101, 202])
    },
    { ...TWENTY, configuration: { exportOn: ['commit', 'push'] } },
  ))

describe('a stash', () => {
  test('of exports that the tool staged may be popped: the newer state of the database stands', () =>
    between(async ({ a }) => {
      await earn(a, 1, 101)
      await a.tandem('export')
      await a.git('stash', '-q')
      await earn(a, 2, 202)
      await a.git('stash', 'pop', '-q')
      expect((await a.git('push')).text).toContain('data commit')
      expect([await valueAt(a, 'HEAD', 1), await valueAt(a, 'HEAD', 2)]).toEqual([101, 202])
      expect((await a.git('status', '--porcelain')).stdout).toBe('')
    }))

  test('with exports of another commit, popped after a push: merged into the database, not overwritten', () =>
    between(async (assets) => {
      const { b } = assets
      await sideBranch(assets)
      await b.git('checkout', 'origin/side', '--', 'exports')
      await b.git('stash', '-q')
      expect((await b.git('push')).text).toContain('data commit')
      await b.git('stash', 'pop', '-q')
      await earn(b, 3, 303)
      expect((await b.git('push')).text).toContain('did not make')
      expect((await b.tandem('export', '--commit')).code).toBe(0)
      expect(await profits(b, 1, 2, 3)).toEqual([101, 202, 303])
      expect(await valueAt(b, 'HEAD', 1)).toBe(101)
      expect((await b.git('status', '--porcelain')).stdout).toBe('')
    }))

  test('that pops a broken file names it, and neither database nor file changes', () =>
    between(async ({ a }) => {
      await a.write(RECORDS_FILE, (await a.read(RECORDS_FILE)).replace('user3', 'user33'))
      await earn(a, 1, 101)
      const before = await a.read(RECORDS_FILE)
      const answer = await a.tandem('export', '--commit')
      expect(answer.code).toBe(4)
      expect(answer.text).toMatch(/records\.jsonl:\d+/)
      expect(await a.read(RECORDS_FILE)).toBe(before)
      expect(await profits(a, 1)).toEqual([101])
    }))

  test.each([
    ['stash -u', ['stash', '-u', '-q']],
    ['clean -fd', ['clean', '-fdq']],
  ])('%s takes no report that waits, and a stash can be popped again', (_name, words) =>
    between(async ({ a, b }) => {
      await earn(a, 1, 101)
      await a.git('push', '-q')
      await earn(b, 1, 111)
      await b.git('pull', '-q')
      const report = JSON.parse((await b.tandem('report', '--json')).stdout) as { reports: { path: string }[] }
      const file = path.join(b.root, report.reports[0]?.path ?? '')
      await access(file)
      await b.write('code.txt', 'changed\n')
      await b.git(...words)
      await access(file)
      if (words[0] === 'stash') await b.git('stash', 'pop', '-q')
      expect(await b.read('code.txt')).toBe('changed\n')
      await b.git('push', '-q')
      expect((await b.git('ls-files', 'exports/reports')).stdout).toContain('.json')
      expect((await b.git('status', '--porcelain')).stdout).toBe(' M code.txt\n')
    }),
  )
})
