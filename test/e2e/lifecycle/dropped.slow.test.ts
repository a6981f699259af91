/** Merges that threw one side's records away: nothing is lost by them, it is said, and a person can say that it was meant. */
import { describe, expect, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const options = { records: { traders: traders('id', 5) } }

async function names(asset: Asset): Promise<number> {
  return (await asset.database.rows('traders')).length
}

/** Both add a trader and a changes one of the old; b merges with `-s ours`, so a's exports are thrown away. */
async function dropped({ a, b }: TwoAssets): Promise<string> {
  await a.database.insert('traders', [trader('id', 51)])
  const [id] = (await a.database.rows('traders')).map((row) => row['id'] as string)
  await a.database.change('traders', { id: id as string }, { ticker: 'KEPT' })
  await a.git('push')
  await b.database.insert('traders', [trader('id', 61)])
  await b.git('push').catch(() => undefined)
  await b.git('fetch')
  await b.git('merge', '--no-edit', '-s', 'ours', 'origin/main')
  return b.id('HEAD')
}

describe('a merge that threw the other side’s records away', () => {
  test('loses nothing: live keeps them, the next data commit puts them back, and the report says so', async () => {
    await betweenTwo(sqlite, options, async (assets) => {
      const { a, b } = assets
      await dropped(assets)
      expect(await names(b)).toBe(7)
      expect((await b.database.rows('traders')).some((row) => row['ticker'] === 'KEPT')).toBe(true)
      await b.git('push')
      await a.git('pull')
      expect(await names(a)).toBe(7)
      const { reports } = JSON.parse((await b.tandem('report', '--json')).stdout) as { reports: { path: string }[] }
      const report = JSON.parse(await b.read(reports[0]?.path ?? '')) as { decisions: { kind: string }[] }
      expect(report.decisions.map(({ kind }) => kind)).toEqual(['merge-dropped', 'merge-dropped'])
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    })
  })

  test('is taken as it is by apply --accept-merge, on both machines', async () => {
    await betweenTwo(sqlite, options, async (assets) => {
      const { a, b } = assets
      const merge = await dropped(assets)
      const plan = await b.tandem('apply', '--accept-merge', merge, '--dry-run')
      expect(plan.code).toBe(0)
      expect(await names(b)).toBe(7)
      expect((await b.tandem('apply', '--accept-merge', merge)).code).toBe(0)
      expect(await names(b)).toBe(6)
      await b.git('push')
      expect((await b.git('log', '--format=%(trailers:key=Tandem-Accept)')).stdout).toContain('Tandem-Accept')
      await a.git('pull')
      expect(await names(a)).toBe(6)
      expect((await a.database.rows('traders')).some((row) => row['ticker'] === 'KEPT')).toBe(false)
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    })
  })

  test('and a machine that merges with what was there before it: the dropped records are in the merge', async () => {
    await betweenTwo(sqlite, options, async (assets) => {
      const { a, b } = assets
      await dropped(assets)
      await a.database.insert('traders', [trader('id', 71)])
      await a.git('push')
      await b.git('pull', '--no-edit')
      expect(await names(b)).toBe(8)
      await b.git('push')
      await a.git('pull')
      expect(await names(a)).toBe(8)
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    })
  })
})
