/** The life cycle, first part: a database meets a repository, from the first `init` to a clone beside a database that is already there. */
import { describe, expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { hour, trader, traders } from '../../support/traders.ts'
import { betweenTwo, firstExport, withEmptyAssets, type TwoAssets } from '../../support/two-assets.ts'

/** Machine a exported and pushed its 20 traders; b has pulled, its tables are empty, and it is not set up. */
function beforeJoining(work: (assets: TwoAssets) => Promise<void>): Promise<void> {
  return withEmptyAssets(sqlite, TWENTY, async (assets) => {
    await firstExport(assets.a)
    await assets.b.git('pull', '-q')
    await work(assets)
  })
}

const count = async (asset: Asset): Promise<number> => (await asset.database.rows('traders')).length
const profit = async (asset: Asset, id: string): Promise<string | null | undefined> =>
  (await asset.database.rows('traders')).find((row) => row['id'] === id)?.['profit_usd']

describe('the first init', () => {
  test('writes configuration, hooks and the binding, lists what is left out, and exports nothing before the first push', () =>
    withEmptyAssets(sqlite, TWENTY, async ({ a }) => {
      await a.git('rm', '-q', 'tandem.config.json')
      await a.git('commit', '-q', '-m', 'no configuration')
      await a.database.run('CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)')
      const before = await a.commits()
      const answer = await a.tandem('init', '--source', 'app=sqlite:data/app.db', '--yes')
      expect(answer.text).toContain('left out: schema_migrations')
      expect(JSON.parse(await a.read('tandem.config.json'))).toMatchObject({
        sources: { app: { url: 'sqlite:data/app.db' } },
      })
      const id = (await a.git('config', 'tandem.source.app.id')).stdout.trim()
      expect(JSON.stringify(await a.database.run('SELECT * FROM _tandem'))).toContain(id)
      expect(await a.read('.git/hooks/pre-push')).toContain('tandem')
      expect(await a.commits()).toBe(before)
    }))

  test('is followed by a first push that exports all of it, and the database is in step with that commit', () =>
    withEmptyAssets(sqlite, TWENTY, async ({ a }) => {
      await firstExport(a)
      const tip = await a.id('HEAD')
      expect(await a.id('refs/remotes/origin/main')).toBe(tip)
      expect(JSON.stringify(await a.database.run('SELECT * FROM _tandem'))).toContain(tip)
      expect(await a.digest()).toMatchObject({ ok: true, records: 20 })
    }))

  test('can be run again at will and changes nothing', () =>
    betweenTwo(sqlite, TWENTY, async ({ a }) => {
      const before = [await a.id('HEAD'), await a.read('.git/config'), await a.read('.git/hooks/pre-push')]
      expect((await a.tandem('init', '--yes')).code).toBe(0)
      expect([await a.id('HEAD'), await a.read('.git/config'), await a.read('.git/hooks/pre-push')]).toEqual(before)
      expect((await a.git('status', '--porcelain')).stdout).toBe('')
    }))

  test('adds the exports to a .prettierignore that is there', () =>
    withEmptyAssets(sqlite, TWENTY, async ({ a }) => {
      await a.write('.prettierignore', 'dist/\n')
      await a.tandem('init', '--yes')
      expect((await a.read('.prettierignore')).split('\n')).toContain('exports/')
    }))
})

describe('a second machine', () => {
  test('with empty tables takes all exports and exports nothing', () =>
    beforeJoining(async ({ a, b }) => {
      expect((await b.tandem('init', '--yes')).code).toBe(0)
      expect(await count(b)).toBe(20)
      await b.git('push')
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('without the tables is held with the advice to run its migrations, and never exports a deletion', () =>
    beforeJoining(async ({ b }) => {
      await b.database.run('DROP TABLE traders')
      const before = await b.id('HEAD')
      expect((await b.tandem('init', '--yes')).text).toContain('run your migrations')
      const push = await b.git('push')
      expect(push.text).toMatch(/traders is held.*run your migrations/)
      expect(await b.id('HEAD')).toBe(before)
      await b.database.run(...sqlite.tables.slice(0, 1))
      expect((await b.tandem('apply')).code).toBe(0)
      expect(await count(b)).toBe(20)
    }))

  test('with records of its own is shown what a join would find, and asked', () =>
    beforeJoining(async ({ b }) => {
      await b.database.insert('traders', [trader('id', 1), trader('id', 2, { profit_usd: -2 }), trader('id', 99)])
      const answer = await b.tandem('init')
      expect(answer.text).toContain('2 in both (1 of them differ), 1 only here, 18 only in the exports')
      expect(answer.code).toBe(5)
      expect(answer.text).toContain('--join unite')
      expect(await count(b)).toBe(3)
    }))

  test('unites by default: both sides’ records, the conflict decided and reported', () =>
    beforeJoining(async ({ a, b }) => {
      const newer = { profit_usd: -2, updated_at: hour(5000) }
      await b.database.insert('traders', [trader('id', 1), trader('id', 2, newer), trader('id', 99)])
      expect((await b.tandem('init', '--yes')).code).toBe(0)
      expect(await count(b)).toBe(21)
      await b.git('push')
      await a.git('pull')
      expect(await disagreements({ a, b })).toEqual([])
      const reports = (await a.git('ls-files', 'exports/reports')).stdout
      const report = reports.split('\n').find((file) => file.endsWith('.md'))
      expect(await profit(a, 'trader-0002')).toBe('-2')
      expect(await a.read(report ?? '')).toContain('2.5')
    }))

  test('can take theirs: live becomes what the exports hold', () =>
    beforeJoining(async ({ a, b }) => {
      await b.database.insert('traders', [trader('id', 2, { profit_usd: -2 }), trader('id', 99)])
      expect((await b.tandem('init', '--join', 'theirs')).code).toBe(0)
      expect(await b.database.rows('traders')).toEqual(await a.database.rows('traders'))
      await b.git('push')
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('can keep ours: live stays, and the guard holds what its export would delete until that is allowed', () =>
    beforeJoining(async ({ a, b }) => {
      await b.database.insert('traders', [trader('id', 2, { profit_usd: -2 }), trader('id', 99)])
      expect((await b.tandem('init', '--join', 'ours')).code).toBe(0)
      expect(await count(b)).toBe(2)
      expect((await b.git('push')).text).toContain('would delete 19 of 20 records')
      expect((await b.tandem('export', '--commit', '--allow-deletes', 'traders=19')).code).toBe(0)
      await b.git('push')
      const pull = await a.git('pull')
      expect(pull.text).toContain('would delete 19 of 20 records')
      expect((await a.tandem('apply', '--allow-deletes', 'traders=19')).code).toBe(0)
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('can start from a commit that is known to be the common past', () =>
    beforeJoining(async ({ a, b }) => {
      const past = await a.id('HEAD')
      await b.database.insert('traders', traders('id', 20))
      await a.database.change('traders', { id: 'trader-0003' }, { profit_usd: 3333 })
      await a.git('push')
      await b.git('pull', '-q')
      await b.database.remove('traders', { id: 'trader-0004' })
      expect((await b.tandem('init', '--join', past)).code).toBe(0)
      expect(await profit(b, 'trader-0003')).toBe('3333')
      expect(await count(b)).toBe(19)
      await b.git('push')
      await a.git('pull')
      expect(await disagreements({ a, b })).toEqual([])
      expect(await count(a)).toBe(19)
    }))
})

test('a fresh clone beside an existing database does nothing before init, and then goes on from what the database knows', () =>
  betweenTwo(sqlite, TWENTY, async ({ a, b, folder, remote }) => {
    await b.database.change('traders', { id: 'trader-0005' }, { profit_usd: 55 })
    await b.start('git', ['clone', '-q', remote, `${folder}/b2`])
    await b.start('rm', ['-rf', `${folder}/b/.git`])
    await b.start('mv', [`${folder}/b2/.git`, `${folder}/b/.git`])
    await b.git('push')
    expect(await profit(a, 'trader-0005')).toBe('5.5')
    await a.database.change('traders', { id: 'trader-0006' }, { profit_usd: 66 })
    await a.database.remove('traders', { id: 'trader-0007' })
    await a.git('push')
    await b.git('pull')
    expect(await profit(b, 'trader-0006')).toBe('6.5')
    expect((await b.tandem('init', '--yes')).code).toBe(0)
    expect(await profit(b, 'trader-0006')).toBe('66')
    expect(await count(b)).toBe(19)
    await b.git('push')
    await a.git('pull')
    expect(await profit(a, 'trader-0005')).toBe('55')
    expect(await disagreements({ a, b })).toEqual([])
  }))
