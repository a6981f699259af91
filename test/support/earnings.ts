/** What most life-cycle tests do: twenty traders, and one of them earns something on one machine. */
import type { Asset } from './asset.ts'
import { trader, traders } from './traders.ts'

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
