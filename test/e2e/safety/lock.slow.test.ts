/** One database, several clones and work trees: runs wait for each other, say who is at work, and nothing is applied twice or lost. */
import { hostname } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { assetAt, type Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { hour, trader, traders } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const OPTIONS = {
  tables: [
    (sqlite.tables[0] ?? '').replace('note TEXT', 'note TEXT, wins INTEGER'),
    'CREATE TABLE posts (id INTEGER PRIMARY KEY, author TEXT, title TEXT, updated_at TEXT)',
  ],
  records: { traders: traders('id', 20).map((record) => ({ ...record, wins: 10 })) },
  collections: { '*': { newest: 'updated_at' }, traders: { newest: 'updated_at', counters: ['wins'] } },
  configuration: { branches: ['main', 'data/*'] },
}

/** A second clone beside a, and a linked work tree of a's on a branch of its own, both on a's database. */
async function beside({ a, remote, folder }: TwoAssets): Promise<{ readonly clone: Asset; readonly tree: Asset }> {
  const url = `sqlite:${path.join(a.root, 'data/app.db')}`
  const { database, environment } = a
  const clone = assetAt('clone', path.join(folder, 'clone'), { database, environment })
  const tree = assetAt('tree', path.join(folder, 'tree'), { database, environment })
  await a.git('config', 'tandem.source.app.url', url)
  await a.git('clone', '-q', remote, clone.root)
  await clone.git('config', 'tandem.source.app.url', url)
  await a.git('worktree', 'add', '-q', '-b', 'data/tree', tree.root)
  for (const each of [a, clone, tree]) {
    const { code, text } = await each.tandem('init', '--yes')
    if (code !== 0) throw new Error(text)
  }
  return { clone, tree }
}

const lockedBy = (owner: Readonly<Record<string, unknown>>): string =>
  `INSERT OR REPLACE INTO _tandem (name, value) VALUES ('lock', '${JSON.stringify(owner)}')`

describe('several clones of one database', () => {
  test('say who is at work: a hook is busy and lets git go on, a command ends with 6; a dead run is no obstacle', () =>
    betweenTwo(sqlite, OPTIONS, async (assets) => {
      const { a } = assets
      await beside(assets)
      const owner = { host: hostname(), pid: process.pid, start: '', token: 't', clone: '/elsewhere', seen: new Date() }
      await a.database.run(lockedBy(owner))
      await a.database.insert('traders', [trader('id', 30)])
      const command = await a.tandem('apply')
      expect(command).toMatchObject({ code: 6 })
      expect(command.text).toContain(`process ${process.pid} on ${hostname()}, for /elsewhere`)
      expect(await a.tandem('status')).toMatchObject({ code: 0 })
      const push = await a.git('push')
      expect(push.text).toMatch(/source app is busy: .*its data is not in this push/)
      await a.database.run(lockedBy({ ...owner, pid: 2 ** 22 + 1 }))
      expect((await a.git('push')).text).toContain('app +1 ~0 -0')
      await a.database.run(lockedBy({ ...owner, host: 'other', seen: new Date(Date.now() - 3_600_000) }))
      expect(await a.tandem('apply')).toMatchObject({ code: 0 })
      const left = await a.database.run("SELECT name FROM _tandem WHERE name = 'lock'")
      expect(left).toEqual([])
    }))

  test('pull and push at the same time: nothing is applied twice, and no edit is lost', () =>
    betweenTwo(sqlite, OPTIONS, async (assets) => {
      const { a, b } = assets
      const { clone, tree } = await beside(assets)
      const wins = async (asset: Asset): Promise<(string | null | undefined)[]> =>
        (await asset.database.rows('traders')).map((row) => row['wins'])
      const expected = Array.from({ length: 20 }, () => 10)
      for (let round = 1; round <= 2; round++) {
        for (let i = 0; i < 20; i++) expected[i] = (expected[i] ?? 0) + 2 * round + 3
        await b.database.run(
          `UPDATE traders SET wins = wins + ${2 * round}, updated_at = '${hour(30 * round).toISOString()}'`,
        )
        await b.git('push')
        await a.database.run(`UPDATE traders SET wins = wins + 3, updated_at = '${hour(30 * round + 1).toISOString()}'`)
        await a.database.insert('posts', [{ id: round, author: 'a', title: `round ${round}`, updated_at: hour(1) }])
        const pull = ['pull', '--no-edit', 'origin', 'main']
        // git itself refuses two fetches at once into one repository
        for (const each of [a, clone]) await each.git('fetch', '-q', 'origin')
        const merge = ['merge', '--no-edit', 'origin/main']
        const answers = await Promise.all([a.try(...merge), clone.try(...merge), tree.try(...merge)])
        expect(answers.filter(({ code }) => code !== 0)).toEqual([])
        const pushes = await Promise.all([a.try('push'), clone.try('push')])
        expect(pushes.filter(({ code }) => code === 0)).not.toEqual([])
        for (const each of [a, clone, tree]) {
          await each.git(...pull)
          await each.try('push', 'origin', 'HEAD:main')
        }
        await b.git('pull', '--no-edit')
        expect(await wins(b)).toEqual(expected.map(String))
        expect(await wins(a)).toEqual(expected.map(String))
      }
      expect((await a.digest()).live).toBe((await b.digest()).live)
      expect(await b.database.rows('posts')).toHaveLength(2)
    }))
})
