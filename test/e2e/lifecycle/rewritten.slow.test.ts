/** The life cycle, history rewritten by others: squash and rebase merges of a host, forced pushes, an amended commit that was published. */
import { expect, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import { earn, key, numberOf, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets, type TwoAssetsOptions } from '../../support/two-assets.ts'

const RECORDS = {
  ...TWENTY,
  collections: { '*': { newest: 'updated_at', counters: ['user_id'] } },
}
const between = (work: (assets: TwoAssets) => Promise<void>, options: TwoAssetsOptions = RECORDS): Promise<void> =>
  betweenTwo(sqlite, options, work)

/** Two data commits of b (a counter raised twice by 5, a new record) on the branch `feature` of the remote, while a pushes one of its own, apart from those lines, to main. */
async function feature({ a, b }: TwoAssets): Promise<void> {
  for (const value of [1022, 1027]) {
    await b.database.change('traders', key(17), { user_id: value, updated_at: new Date() })
    await b.database.insert('traders', [trader('id', value)])
    await b.commit(`${value}.txt`, 'code\n')
    await b.tandem('export', '--commit')
  }
  await b.git('push', '--no-verify', '-q', 'origin', 'HEAD:refs/heads/feature')
  await earn(a, 2, 202)
  await a.git('push', '-q')
}

/** What a host does with the branch: a clone without hooks and driver. */
async function onHost({ a, folder, remote }: TwoAssets, script: string): Promise<void> {
  const done = await a.start('sh', [
    '-ec',
    `git clone -q '${remote}' '${folder}/host'; cd '${folder}/host'; ${script}; git push -q origin HEAD:main`,
  ])
  expect(done.code).toBe(0)
}

const SQUASH = `git merge -q --squash origin/feature >/dev/null; git log --reverse --format='* %B' HEAD..origin/feature >message; echo '(#1)' >>message; git commit -q -F message`
const REBASE = `git checkout -q -b merged origin/feature; git rebase -q origin/main >/dev/null`

test.each([
  ['a squash merge on a host, reset --hard origin/main', SQUASH, ['reset', '-q', '--hard', 'origin/main']],
  ['a rebase merge on a host, pull', REBASE, ['pull', '-q', '--no-edit']],
])('%s where the branch was made: every change counts once, on both machines', (_how, script, words) =>
  between(async (assets) => {
    const { a, b } = assets
    await feature(assets)
    await onHost(assets, script)
    await b.git('fetch', '-q')
    await b.git(...words)
    expect((await b.tandem('apply')).code).toBe(0)
    await exchange({ a: b, b: a })
    for (const asset of [a, b])
      expect([
        await numberOf(asset, 17, 'user_id'),
        await numberOf(asset, 2, 'profit_usd'),
        await numberOf(asset, 1027, 'user_id'),
      ]).toEqual([1027, 202, 2027])
    expect(await disagreements(assets)).toEqual([])
  }),
)

test('the first data commit amended and forced after a migration, while the other machine edits and deletes: structure and records are merged, nothing is back or there twice', () =>
  between(async (assets) => {
    const { a, b } = assets
    await b.git('commit', '-q', '--amend', '-m', `again: ${(await b.git('log', '-1', '--format=%B')).stdout}`)
    await b.git('push', '-q', '--force')
    await b.database.run('ALTER TABLE traders ADD COLUMN stars INTEGER DEFAULT 3')
    await b.database.insert('posts', [{ id: 901, title: 'of b' }])
    await b.git('push', '-q')
    await earn(a, 2, 202)
    await a.database.remove('traders', key(4))
    await a.tandem('export', '--commit')
    await earn(a, 3, 303)
    await a.database.remove('traders', key(5))
    await a.git('pull', '-q', '--no-edit')
    await a.database.run('ALTER TABLE traders ADD COLUMN stars INTEGER DEFAULT 3')
    await exchange(assets)
    expect(await disagreements(assets)).toEqual([])
    for (const asset of [a, b]) {
      expect(await asset.database.rows('traders')).toHaveLength(18)
      expect(await asset.database.rows('posts')).toHaveLength(1)
      expect([await numberOf(asset, 2, 'profit_usd'), await numberOf(asset, 3, 'profit_usd')]).toEqual([202, 303])
    }
  }))

test.each([
  ['--no-rebase', ''],
  ['--rebase', ' was published and is gone from the branch'],
])(
  'a forced push by the other side that drops published data, then pull %s: live keeps all and brings it again%s',
  (way, words) =>
    between(async (assets) => {
      const { a, b } = assets
      await earn(a, 1, 101)
      await a.database.insert('traders', [trader('id', 50)])
      await a.git('push', '-q')
      const lastPublished = (await a.id('HEAD')).slice(0, 7)
      await earn(b, 2, 202)
      await b.commit('b.txt', 'b\n')
      await b.git('push', '-q', '--force')
      const pull = await a.git('pull', '--no-edit', way)
      expect([await numberOf(a, 1, 'profit_usd'), await numberOf(a, 50, 'profit_usd')]).toEqual([101, 50.5])
      // a rebase that drops all local commits runs no hook: the push tells
      const said = pull.text + (await a.git('push')).text
      expect(said).toContain(words === '' ? words : `data commit ${lastPublished}${words}`)
      await b.git('pull', '-q', '--no-edit')
      await exchange({ a: b, b: a })
      expect([
        await numberOf(b, 1, 'profit_usd'),
        await numberOf(b, 2, 'profit_usd'),
        await numberOf(b, 50, 'profit_usd'),
      ]).toEqual([101, 202, 50.5])
      expect(await disagreements(assets)).toEqual([])
    }),
)

test('a published data commit that is amended and merged with its original gives no record twice', () =>
  between(
    async (assets) => {
      const { a, b } = assets
      await a.database.insert('posts', [{ id: 1, author: 'a', title: 'one', updated_at: '2026-01-01' }])
      await a.git('push', '-q')
      await b.git('pull', '-q')
      await b.database.insert('posts', [{ id: 2, author: 'b', title: 'two', updated_at: '2026-01-02' }])
      await b.git('push', '-q')
      await a.database.change('posts', { id: 1 }, { title: 'one, again' })
      await a.write('code.txt', 'amended\n')
      await a.git('commit', '-q', '-a', '--amend', '-m', 'code')
      await a.git('pull', '-q', '--no-edit')
      await exchange(assets)
      await exchange(assets)
      for (const asset of [a, b])
        expect((await asset.database.rows('posts')).map((row) => `${row['id']} ${row['title']}`).toSorted()).toEqual([
          '1 one, again',
          '2 two',
        ])
      expect(await disagreements(assets)).toEqual([])
    },
    { records: {} },
  ))

/** The ids of all commits of a branch's history on the remote. */
async function idsOnRemote({ b, remote }: TwoAssets): Promise<string[]> {
  const { stdout } = await b.start('git', ['--git-dir', remote, 'rev-list', 'main'])
  return stdout.split('\n').filter((id) => id !== '')
}

test('pull --rebase after a rejected push, with a live edit that the remote met: no commit from before the rebase is published', () =>
  between(async (assets) => {
    const { a, b } = assets
    await earn(a, 1, 101)
    await a.git('push', '-q')
    await earn(b, 2, 202)
    await b.commit('feature.txt', 'my feature\n')
    const code = await b.id('HEAD')
    expect((await b.try('push')).code).not.toBe(0)
    const data = await b.id('HEAD')
    await b.database.change('traders', key(1), { note: 'edited here', updated_at: new Date() })
    await b.git('pull', '-q', '--rebase')
    await b.git('push', '-q')
    await a.git('pull', '-q', '--no-edit')
    const ids = await idsOnRemote(assets)
    expect(ids).not.toContain(code)
    expect(ids).not.toContain(data)
    const subjects = (await b.git('log', '--format=%s')).stdout.split('\n')
    expect(subjects.filter((subject) => subject === 'change feature.txt')).toHaveLength(1)
    for (const asset of [a, b]) {
      expect([await numberOf(asset, 1, 'profit_usd'), await numberOf(asset, 2, 'profit_usd')]).toEqual([101, 202])
      expect((await asset.database.rows('traders')).find(({ id }) => id === key(1).id)?.['note']).toBe('edited here')
    }
    expect(await disagreements(assets)).toEqual([])
  }))

test('a history that was filtered and forced, with a live edit that it met: what was filtered out stays out', () =>
  between(async (assets) => {
    const { a, b, remote } = assets
    const before = await a.id('HEAD')
    await a.commit('secret.txt', 'hunter2\n')
    const secret = await a.id('HEAD')
    await earn(a, 1, 101)
    await a.git('push', '-q')
    await b.git('pull', '-q')
    await b.database.change('traders', key(3), { note: 'edited here', updated_at: new Date() })
    const filter = ['filter-branch', '-f', '--index-filter', 'git rm -q --cached --ignore-unmatch secret.txt']
    await a.start('git', [...filter, `${before}..HEAD`], { FILTER_BRANCH_SQUELCH_WARNING: '1' })
    await earn(a, 3, 303)
    await a.git('push', '-q', '--force')
    await b.git('fetch', '-q')
    await b.git('reset', '-q', '--hard', 'origin/main')
    expect((await b.tandem('apply')).code).toBe(0)
    await b.git('push', '-q')
    await a.git('pull', '-q', '--no-edit')
    expect(await idsOnRemote(assets)).not.toContain(secret)
    const files = await b.start('git', ['--git-dir', remote, 'log', '--format=', '--name-only', 'main'])
    expect(files.stdout).not.toContain('secret.txt')
    for (const asset of [a, b]) {
      expect([await numberOf(asset, 1, 'profit_usd'), await numberOf(asset, 3, 'profit_usd')]).toEqual([101, 303])
      expect((await asset.database.rows('traders')).find(({ id }) => id === key(3).id)?.['note']).toBe('edited here')
    }
    expect(await disagreements(assets)).toEqual([])
  }))

test('a commit amended while live edits wait for their export: it is published once, with them', () =>
  between(async (assets) => {
    const { a, b } = assets
    await earn(a, 1, 101)
    await a.git('push', '-q')
    await b.commit('feature.txt', 'my feature\n')
    await b.database.change('traders', key(1), { note: 'edited here', updated_at: new Date() })
    await b.git('pull', '-q', '--no-edit')
    const merged = await b.id('HEAD')
    await b.git('commit', '-q', '--amend', '-m', 'merged, in my words')
    await b.git('push', '-q')
    await a.git('pull', '-q', '--no-edit')
    expect(await idsOnRemote(assets)).not.toContain(merged)
    for (const asset of [a, b]) {
      expect(await numberOf(asset, 1, 'profit_usd')).toBe(101)
      expect((await asset.database.rows('traders')).find(({ id }) => id === key(1).id)?.['note']).toBe('edited here')
    }
    expect(await disagreements(assets)).toEqual([])
  }))
