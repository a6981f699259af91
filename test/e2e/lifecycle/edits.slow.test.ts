/** Edits of a live database that a pull meets before any export had carried them: they keep their place in history, beside what came in and not on top of it. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { LiveDatabase } from '../../support/live-database.ts'
import { openSqlite, sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { betweenTwo, firstExport, withEmptyAssets, type TwoAssets } from '../../support/two-assets.ts'

const options = { records: { traders: traders('id', 5) } }

async function profit(asset: Asset, id: string): Promise<(string | null | undefined)[]> {
  const rows = await asset.database.rows('traders')
  return rows.filter((row) => row['id'] === id).flatMap((row) => [row['ticker'], row['profit_usd']])
}

/** Two machines whose traders' ids are given as well; whatever happens, they agree in the end and have nothing more to say. */
async function editing(work: (assets: TwoAssets, ids: readonly [string, string]) => Promise<void>): Promise<void> {
  await betweenTwo(sqlite, options, async (assets) => {
    const [first, second] = (await assets.a.database.rows('traders')).map((row) => String(row['id']))
    await work(assets, [String(first), String(second)])
    expect(await disagreements(assets)).toEqual([])
    expect(await chatter(assets)).toEqual([])
  })
}

describe('a pull that changes what live had edited', () => {
  test('makes no commit; the next push publishes the edit beside what came in', async () => {
    await editing(async ({ a, b }, [id]) => {
      await a.database.change('traders', { id }, { ticker: 'AAA' })
      await a.git('push')
      await b.database.change('traders', { id }, { profit_usd: 77.5 })
      const before = await b.commits()
      await b.git('pull')
      expect(await b.commits()).toBe(before + 1)
      expect((await b.git('status', '--porcelain')).stdout).toBe('')
      expect(await profit(b, id)).toEqual(['AAA', '77.5'])
      const waiting = await b.id('refs/tandem/live/app')
      expect(await b.id(`${waiting}^1`)).toBe(await b.id('HEAD'))
      await b.git('push')
      expect((await b.try('merge-base', '--is-ancestor', waiting, 'HEAD')).code).toBe(0)
      expect((await b.try('rev-parse', '--verify', '--quiet', 'refs/tandem/live/app')).code).not.toBe(0)
      await a.git('pull')
      expect(await profit(a, id)).toEqual(['AAA', '77.5'])
    })
  })

  test('and HEAD that moves on before the push: the edit is merged with the new HEAD, once', async () => {
    await editing(async ({ a, b }, [id]) => {
      await a.database.change('traders', { id }, { ticker: 'AAA' })
      await a.git('push')
      await b.database.change('traders', { id }, { profit_usd: 77.5 })
      await b.git('pull')
      await b.commit('code.txt', 'two\n')
      await a.database.change('traders', { id }, { ticker: 'BBB' })
      await a.git('push')
      await b.git('pull', '--no-edit')
      await b.database.remove('traders', { id: 'nobody' })
      await b.git('push')
      await a.git('pull')
      expect(await profit(a, id)).toEqual(['BBB', '77.5'])
    })
  })

  test('and an edit made while that waits: it is published as written here, whatever HEAD does meanwhile', async () => {
    await editing(async ({ a, b }, [id, other]) => {
      await a.database.change('traders', { id }, { ticker: 'AAA' })
      await a.git('push')
      await b.database.change('traders', { id }, { profit_usd: 77.5 })
      await b.git('pull')
      await b.database.change('traders', { id: other }, { ticker: 'LATER' })
      await a.database.change('traders', { id }, { ticker: 'BBB' })
      await a.git('push')
      await b.git('pull')
      const waiting = await b.id('refs/tandem/live/app')
      expect((await b.try('grep', '-c', 'LATER', waiting)).code).not.toBe(0)
      await b.git('push')
      const written = await b.git('log', '-1', '-m', '-SLATER', '--format=%(trailers:key=Tandem-Asset,valueonly)')
      expect(written.stdout.trim()).toBe('b')
      await a.git('pull')
      expect(await profit(a, id)).toEqual(['BBB', '77.5'])
      expect((await profit(a, other))[0]).toBe('LATER')
    })
  })

  test('and a delete here: what came in is kept, and no third machine that deletes later loses it unseen', async () => {
    await editing(async ({ a, b }, [id]) => {
      await a.database.change('traders', { id }, { ticker: 'AAA' })
      await a.git('push')
      await b.database.remove('traders', { id })
      await b.git('pull')
      expect((await profit(b, id))[0]).toBe('AAA')
      await b.git('push')
      await a.git('pull')
      expect((await profit(a, id))[0]).toBe('AAA')
    })
  })

  test('in two databases: one push publishes the edits of both beside what came in', async () => {
    await withEmptyAssets(sqlite, options, async (assets) => {
      const { a, b } = assets
      const second = ({ root }: Asset): LiveDatabase => openSqlite(path.join(root, 'data/second.db'), '')
      for (const asset of [a, b])
        await second(asset).run('CREATE TABLE pairs (id TEXT PRIMARY KEY, one TEXT, two TEXT)')
      await second(a).run("INSERT INTO pairs VALUES ('x', '1', '2')")
      const [app, other] = ['sqlite:data/app.db', 'sqlite:data/second.db'].map((url) => ({ url }))
      await a.commit('tandem.config.json', JSON.stringify({ sources: { app, other } }))
      await firstExport(a)
      await b.git('pull')
      expect((await b.tandem('init', '--yes')).code).toBe(0)
      const [id] = (await a.database.rows('traders')).map((row) => String(row['id'])) as [string]
      for (const ticker of ['AAA', 'BBB']) {
        await a.database.change('traders', { id }, { ticker })
        await second(a).run(`UPDATE pairs SET one = '${ticker}'`)
        await a.git('push')
        await b.database.change('traders', { id }, { note: `beside ${ticker}` })
        await second(b).run(`UPDATE pairs SET two = 'beside ${ticker}'`)
        await b.git('pull')
        for (const source of ['app', 'other']) await b.id(`refs/tandem/live/${source}`)
        await b.git('push')
        await a.git('pull')
        expect(await second(a).rows('pairs')).toEqual([{ id: 'x', one: ticker, two: `beside ${ticker}` }])
        expect((await a.database.rows('traders'))[0]).toMatchObject({ ticker, note: `beside ${ticker}` })
      }
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    })
  })

  test('and a merge that git makes while the edit waits: what lost in it is reported all the same', async () => {
    await editing(async ({ a, b }, [id, other]) => {
      await b.database.change('traders', { id }, { ticker: 'MINE' })
      await b.tandem('export', '--commit')
      await a.database.change('traders', { id: other }, { ticker: 'AAA' })
      await a.git('push')
      await b.database.change('traders', { id: other }, { profit_usd: 77.5 })
      await b.git('pull', '--no-edit')
      await b.id('refs/tandem/live/app')
      await a.database.change('traders', { id }, { ticker: 'THEIRS' })
      await a.git('push')
      await b.git('pull', '--no-edit')
      const report = await b.tandem('report', 'show', 'latest', '--json')
      expect(report.stdout).toContain('MINE')
      expect(report.stdout).toContain('THEIRS')
      await b.git('push')
      await a.git('pull')
    })
  })
})
