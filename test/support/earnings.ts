/** What most life-cycle tests do: twenty traders, and one of them earns something on one machine. */
import { expect } from 'vitest'
import { chatter, disagreements } from './agreement.ts'
import type { Asset } from './asset.ts'
import { trader, traders } from './traders.ts'
import type { TwoAssets } from './two-assets.ts'

/** Options of two machines. */
export const TWENTY = { records: { traders: traders('id', 20) } }

/** The key of trader number `i`. */
export function key(i: number): { id: string } {
  return { id: String(trader('id', i)['id']) }
}

/** A number of a trader on a machine; NaN when the trader is not there. */
export async function numberOf(asset: Asset, i: number, field: string): Promise<number> {
  const rows = await asset.database.rows('traders')
  return Number(rows.find((row) => row['id'] === key(i).id)?.[field])
}

export async function profit(asset: Asset, i: number): Promise<number> {
  return numberOf(asset, i, 'profit_usd')
}

export async function profits(asset: Asset, ...ids: number[]): Promise<number[]> {
  return Promise.all(ids.map((i) => profit(asset, i)))
}

/** Sets a trader's profit, now. */
export async function earn(asset: Asset, i: number, amount: number): Promise<void> {
  await asset.database.change('traders', key(i), { profit_usd: amount, updated_at: new Date() })
}

/** Both machines change a trader of their own, a commits code and pushes, b has a commit of its own that holds data. */
export async function diverge({ a, b }: TwoAssets): Promise<void> {
  await earn(a, 1, 101)
  await a.commit('a.txt', 'from a\n')
  await a.git('push')
  await earn(b, 2, 202)
  await b.commit('b.txt', 'from b\n')
  expect((await b.tandem('export', '--commit')).code).toBe(0)
}

/** What the work tree holds that HEAD does not; the copy of a report that waits for the next data commit apart. */
export const status = async (asset: Asset): Promise<string> =>
  (await asset.git('status', '--porcelain')).stdout.replace('?? exports/reports/\n', '')

/** What came from both sides stands on both machines, which are quiet. */
export async function expectBoth(assets: TwoAssets): Promise<void> {
  const { a, b } = assets
  expect([await profit(b, 1), await profit(b, 2)]).toEqual([101, 202])
  await b.git('push')
  await a.git('pull', '--no-edit')
  expect([await profit(a, 1), await profit(a, 2)]).toEqual([101, 202])
  expect(await disagreements(assets)).toEqual([])
  expect(await chatter(assets)).toEqual([])
}
