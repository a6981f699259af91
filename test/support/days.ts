/** Days of two machines: each changes its database and pushes and pulls some times a day, and syncs at the end of the day, as a schedule does. */
import type { Asset } from './asset.ts'
import { trader } from './traders.ts'
import type { TwoAssets } from './two-assets.ts'

export interface DaysOptions {
  readonly days: number
  /** Pushes of each machine in a day. */
  readonly pushes: number
}

export interface DaysResult {
  /** Pushes before which something had changed. */
  readonly pushes: number
  /** Records added and changed. */
  readonly changes: number
}

/** Lives through the days. The machines change records of their own and of both; now and then one adds and deletes some, or changes code. */
export async function liveDays({ a, b }: TwoAssets, { days, pushes }: DaysOptions): Promise<DaysResult> {
  let next = 1000
  let changes = 0
  const work = async (asset: Asset, turn: number): Promise<void> => {
    for (let i = 0; i < 5; i++) await change(asset, (turn * 7 + i * 3) % 200, turn + i / 10)
    await asset.database.insert('traders', [trader('id', next++), trader('id', next++)])
    changes += 7
    if (turn % 4 === 0) await asset.commit(`${asset.name}.txt`, `turn ${turn}\n`)
    await asset.git('pull', '-q', '--no-edit')
    await asset.git('push', '-q')
  }
  for (let day = 0; day < days; day++) {
    for (let push = 0; push < pushes; push++)
      for (const [i, asset] of [a, b].entries()) await work(asset, 2 * (day * pushes + push) + i)
    for (const asset of [a, b]) await asset.tandem('sync')
  }
  return { pushes: 2 * days * pushes, changes }
}

async function change(asset: Asset, i: number, amount: number): Promise<void> {
  const key = { id: String(trader('id', i + 1)['id']) }
  await asset.database.change('traders', key, { profit_usd: amount, updated_at: new Date() })
}

/** What `git count-objects -v` says, in objects and KiB. */
export async function objectsOf(asset: Asset): Promise<{ loose: number; packedKiB: number }> {
  const text = (await asset.git('count-objects', '-v')).stdout
  const value = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1])
  return { loose: value('count'), packedKiB: value('size-pack') }
}
