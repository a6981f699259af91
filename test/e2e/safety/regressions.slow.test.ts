/** Ways of losing data that an adversary found, one test each: what went wrong is said first, then what has to hold. */
import { expect, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const FIVE = { records: { traders: traders('id', 5) } }

test('a records file that somebody removed from git deletes no record, here or elsewhere', () =>
  betweenTwo(sqlite, FIVE, async ({ a, b }) => {
    await a.git('rm', '-q', 'exports/app/traders/records.jsonl')
    const commit = await a.git('commit', '-m', 'tidy up')
    expect(commit.text).toMatch(/app\/traders is held .* is gone from HEAD/)
    await a.git('push')
    await b.git('pull')
    expect(await a.database.rows('traders')).toHaveLength(5)
    expect(await b.database.rows('traders')).toHaveLength(5)
  }))

test('staged exports that are committed with code do not undo what live did meanwhile', () =>
  betweenTwo(sqlite, FIVE, async ({ a, b }) => {
    await a.database.insert('traders', [trader('id', 6)])
    await a.database.remove('traders', { id: 'trader-0001' })
    await a.tandem('export')
    await a.database.remove('traders', { id: 'trader-0006' })
    await a.database.insert('traders', [trader('id', 1)])
    const before = await a.database.rows('traders')
    await a.write('code.txt', 'code')
    await a.git('add', 'code.txt')
    await a.git('commit', '-m', 'code')
    expect(await a.database.rows('traders')).toEqual(before)
    await exchange({ a, b })
    expect(await b.database.rows('traders')).toEqual(before)
  }))

test('the default that a later migration fills in takes back nothing that was written into the new field', () =>
  betweenTwo(sqlite, FIVE, async ({ a, b }) => {
    const migration = 'ALTER TABLE traders ADD COLUMN score INTEGER NOT NULL DEFAULT 0'
    await a.database.run(migration)
    await a.database.change('traders', { id: 'trader-0001' }, { score: 5 })
    await a.git('push')
    await b.git('pull')
    await b.database.run(migration)
    await b.tandem('apply')
    await exchange({ a: b, b: a })
    for (const asset of [a, b]) {
      const scores = (await asset.database.rows('traders')).map((row) => row['score'])
      expect(scores).toEqual(['5', '0', '0', '0', '0'])
    }
  }))

test('a relayout on one machine while the other pushes is resolved record by record', () =>
  betweenTwo(sqlite, { records: { traders: traders('id', 240) } }, async ({ a, b }) => {
    await a.database.insert('traders', traders('id', 60, 241))
    await a.tandem('export', '--commit', '--relayout')
    await a.git('push')
    await b.database.change('traders', { id: 'trader-0007' }, { note: 'b was here' })
    await b.database.insert('traders', [trader('id', 999)])
    await b.tandem('export', '--commit')
    expect((await b.try('pull', '--no-rebase', '--no-edit')).code).toBe(1)
    expect((await b.tandem('resolve')).code).toBe(0)
    expect((await b.git('commit', '--no-edit')).code).toBe(0)
    await exchange({ a: b, b: a })
    expect(await disagreements({ a, b })).toEqual([])
    const rows = await a.database.rows('traders')
    expect(rows).toHaveLength(301)
    expect(rows.find(({ id }) => id === 'trader-0007')?.['note']).toBe('b was here')
  }))

test('a data commit that was pushed by URL is never replaced: a delete on top of it stays', () =>
  betweenTwo(sqlite, FIVE, async ({ a, b, remote }) => {
    await a.database.insert('traders', [trader('id', 6)])
    await a.tandem('export', '--commit')
    await a.git('push', remote, 'main')
    await a.database.remove('traders', { id: 'trader-0006' })
    await a.tandem('export', '--commit')
    await exchange({ a, b })
    expect(await a.database.rows('traders')).toHaveLength(5)
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('a NULL in a key holds its collection and no other', () =>
  betweenTwo(sqlite, FIVE, async ({ a, b }) => {
    for (const asset of [a, b]) await asset.database.run('CREATE TABLE pairs (x TEXT, y TEXT, PRIMARY KEY (x, y))')
    await a.database.run("INSERT INTO pairs VALUES ('1', NULL)")
    await a.database.insert('traders', [trader('id', 6)])
    expect((await a.git('push')).text).toMatch(/app\/pairs is held .* NULL in its key/)
    await b.git('pull')
    expect(await b.database.rows('traders')).toHaveLength(6)
  }))

test('a second export takes back what the first one staged and live gave up meanwhile', () =>
  betweenTwo(sqlite, FIVE, async ({ a }) => {
    await a.database.insert('traders', [trader('id', 6)])
    await a.tandem('export')
    await a.database.remove('traders', { id: 'trader-0006' })
    await a.tandem('export')
    expect((await a.git('status', '--porcelain')).stdout).toBe('')
    await a.database.insert('traders', [trader('id', 7)])
    await a.tandem('export')
    await a.database.remove('traders', { id: 'trader-0007' })
    await a.git('push')
    expect((await a.git('status', '--porcelain')).stdout).toBe('')
    expect(await a.database.rows('traders')).toHaveLength(5)
  }))

test('a record that got another number in a merge is not overwritten when the other machine takes that number too', () =>
  betweenTwo(sqlite, {}, async ({ a, b }) => {
    const post = (title: string): { author: string; title: string } => ({ author: 'x', title })
    await b.database.insert('posts', [post('B')])
    await a.database.insert('posts', [post('A')])
    await b.git('push')
    await a.git('pull', '--no-edit')
    await b.database.insert('posts', [post('C')])
    await b.git('push')
    await a.try('push')
    await a.git('pull', '--no-edit')
    await exchange({ a, b })
    const titles = async (asset: Asset): Promise<unknown[]> =>
      (await asset.database.rows('posts')).map(({ title }) => title)
    for (const asset of [a, b]) {
      const found = await titles(asset)
      expect(found).toHaveLength(3)
      expect(found).toEqual(expect.arrayContaining(['A', 'B', 'C']))
    }
    expect(await disagreements({ a, b })).toEqual([])
  }))
