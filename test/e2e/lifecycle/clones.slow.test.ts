/** The life cycle in unusual clones: linked work trees, shallow, partial and sparse clones, and after garbage collection. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import { assetAt, type Asset } from '../../support/asset.ts'
import { earn, profits, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, TWENTY, work)

/** The same database behind another clone or work tree. */
function seenFrom(asset: Asset, root: string): Asset {
  return assetAt(path.basename(root), root, { database: asset.database, environment: asset.environment })
}

/** b's database behind a new clone of the remote, made with these options; its binding is b's. */
async function clonedAnew({ b, folder, remote }: TwoAssets, ...options: string[]): Promise<Asset> {
  const root = path.join(folder, 'anew')
  await b.git('clone', '-q', ...options, `file://${remote}`, root)
  const anew = seenFrom(b, root)
  await anew.git('config', 'tandem.source.app.url', `sqlite:${path.join(b.root, 'data/app.db')}`)
  const answer = await anew.tandem('init', '--yes')
  expect(answer.text).not.toContain('held')
  return anew
}

test('of two linked work trees only the one on the carrying branch acts; what the tool remembers is shared', () =>
  between(async (assets) => {
    const { a, b, folder } = assets
    const url = `sqlite:${path.join(b.root, 'data/app.db')}`
    await b.git('config', 'tandem.source.app.url', url)
    await b.tandem('init', '--yes')
    await b.git('worktree', 'add', '-q', '-b', 'topic', path.join(folder, 'linked'))
    const linked = seenFrom(b, path.join(folder, 'linked'))
    await earn(a, 1, 101)
    await a.git('push', '-q')
    await linked.git('pull', '-q', 'origin', 'main')
    expect(await profits(b, 1)).toEqual([1.5])
    await earn(b, 2, 202)
    expect((await linked.git('push', '-u', 'origin', 'topic')).text).toContain('branch topic does not carry data')
    expect((await linked.tandem('export', '--commit')).code).toBe(2)

    // the carrying branch moves to the linked work tree, and with it the acting
    await b.git('checkout', '-q', '-b', 'other')
    await linked.git('checkout', '-q', 'main')
    await linked.git('pull', '-q')
    expect(await profits(b, 1)).toEqual([101])
    expect((await linked.git('push')).text).toContain('data commit')
    expect((await b.git('commit', '--allow-empty', '-m', 'other')).text).not.toContain('tandem')
    await a.git('pull', '-q')
    expect(await profits(a, 1, 2)).toEqual([101, 202])
    expect(await disagreements({ a, b: linked })).toEqual([])
    expect((await stat(path.join(b.root, '.git/tandem/reconciled'))).isFile()).toBe(true)
  }))

describe('a shallow clone beside an existing database', () => {
  test('fetches the sync point that it lacks, and merges over it', () =>
    between(async (assets) => {
      const { a, b } = assets
      await earn(b, 2, 202)
      for (const i of [1, 3]) {
        await earn(a, i, 100 * i + i)
        await a.git('push', '-q')
      }
      const anew = await clonedAnew(assets, '--depth=1')
      expect(await profits(anew, 1, 2, 3)).toEqual([101, 202, 303])
      expect((await anew.git('push')).text).toContain('data commit')
      await a.git('pull', '-q')
      expect(await profits(a, 2)).toEqual([202])
      expect(await disagreements({ a, b: anew })).toEqual([])
    }))

  test('whose remote is gone holds rather than guesses, names the way, and goes on when it is back', () =>
    between(async (assets) => {
      const { a, b, remote } = assets
      const anew = await clonedAnew(assets, '--depth=1')
      await earn(a, 1, 101)
      await a.git('push', '-q')
      await earn(b, 2, 202)
      await earn(a, 3, 303)
      await a.git('push', '-q')
      await anew.start('sh', ['-c', 'git fetch -q --depth=1 && git reset -q --hard origin/main'])
      await anew.git('reflog', 'expire', '--expire=now', '--all')
      await anew.git('update-ref', '-d', 'refs/tandem/base/app')
      await anew.git('gc', '-q', '--prune=now')
      await anew.git('remote', 'set-url', 'origin', `${remote}.gone`)
      const before = await b.database.rows('traders')
      const answer = await anew.tandem('apply')
      expect(answer.text).toMatch(/held.*fetch/)
      expect(await b.database.rows('traders')).toEqual(before)
      await anew.git('remote', 'set-url', 'origin', `file://${remote}`)
      expect((await anew.tandem('apply')).code).toBe(0)
      expect(await profits(anew, 1, 2, 3)).toEqual([101, 202, 303])
    }))
})

test('a partial clone reads what it needs, and a sparse one does not write what it left out', () =>
  between(async (assets) => {
    const { a, b } = assets
    await b.start('git', ['-C', assets.remote, 'config', 'uploadpack.allowFilter', 'true'])
    await earn(a, 1, 101)
    await a.git('push', '-q')
    await earn(b, 2, 202)
    const anew = await clonedAnew(assets, '--filter=blob:none', '--sparse')
    expect(await profits(anew, 1, 2)).toEqual([101, 202])
    expect((await anew.git('push')).text).toContain('data commit')
    const file = path.join(anew.root, 'exports/app/traders/records.jsonl')
    await expect(readFile(file)).rejects.toThrow('ENOENT')
    expect((await anew.git('status', '--porcelain')).stdout).toBe('')
    await earn(a, 3, 303)
    await a.git('pull', '-q')
    await a.git('push', '-q')
    await anew.git('pull', '-q')
    expect(await profits(anew, 1, 2, 3)).toEqual([101, 202, 303])
    expect(await disagreements({ a, b: anew })).toEqual([])
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  }))

test('a table that is new stays outside of a sparse checkout, as all exports do', () =>
  between(async (assets) => {
    const anew = await clonedAnew(assets, '--sparse')
    await anew.database.run('CREATE TABLE fresh (id INTEGER PRIMARY KEY)', 'INSERT INTO fresh VALUES (1)')
    expect((await anew.git('push')).text).toContain('pushed to origin')
    const listing = (await anew.git('ls-files', '-t', 'exports/app/fresh')).stdout
    expect(listing).toBe('S exports/app/fresh/collection.json\nS exports/app/fresh/records.jsonl\n')
    await expect(readFile(path.join(anew.root, 'exports/app/fresh/records.jsonl'))).rejects.toThrow('ENOENT')
    expect((await anew.git('status', '--porcelain')).stdout).toBe('')
  }))

test('when history was rewritten, gc --prune=now and maintenance leave what is needed: sync points and reports', () =>
  between(async (assets) => {
    const { a, b } = assets
    /** HEAD goes to what the remote has, as a deploy does it, and git throws away all that nothing of its own holds. */
    const rewritten = async (): Promise<void> => {
      await b.git('fetch', '-q')
      await b.git('reset', '-q', '--hard', 'origin/main')
      await b.git('reflog', 'expire', '--expire=now', '--all')
      await b.git('gc', '-q', '--prune=now')
      await b.git('maintenance', 'run', '--auto')
    }
    await earn(a, 1, 101)
    await a.git('push', '-q')
    await earn(b, 1, 111)
    await earn(b, 2, 202)
    await b.git('pull', '-q')
    const pulled = await b.id('HEAD')
    await a.write('code.txt', 'amended\n')
    await a.git('commit', '-q', '-a', '--amend', '-m', 'amended')
    await a.git('push', '-q', '--force')
    await rewritten()
    expect((await b.git('cat-file', '-t', pulled)).stdout.trim()).toBe('commit')
    expect((await b.tandem('apply')).code).toBe(0)

    await b.tandem('export', '--commit')
    const own = await b.id('HEAD')
    await rewritten()
    expect((await b.git('cat-file', '-t', own)).stdout.trim()).toBe('commit')
    await earn(a, 3, 303)
    await a.git('push', '-q')
    await b.git('pull', '-q')
    expect(await profits(b, 1, 2, 3)).toEqual([111, 202, 303])
    await exchange({ a: b, b: a })
    expect(await profits(a, 1, 2, 3)).toEqual([111, 202, 303])
    expect((await a.git('ls-files', 'exports/reports')).stdout).toContain('.json')
    expect(await disagreements(assets)).toEqual([])
  }))
