/** The scenarios that the product is for, with their very numbers, on every engine of the run: two machines end with equal, complete databases, whichever pushes. */
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { chatter, disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Engine, Fields, Row } from '../../support/live-database.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { hour, trader, traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets, type TwoAssetsOptions } from '../../support/two-assets.ts'

// one server of each kind: the contract suite runs on all of them
const engines: readonly Engine[] = [sqlite, postgres(inject('postgres')), ...inject('mongodb').slice(0, 1).map(mongodb)]

const records = (key: string): TwoAssetsOptions => ({ records: { traders: traders(key, 190) } })

describe.each(engines)('$name, records added', (engine) => {
  const { key } = engine
  let assets: TwoAssets

  afterEach(async () => assets.close())

  test('190 traders on both machines, 5 new on one: one push and one pull make it 195 on both', async () => {
    assets = await readyAssets(engine, records(key))
    const { a, b } = assets
    expect(await b.database.rows('traders')).toHaveLength(190)
    await a.database.insert('traders', traders(key, 5, 191))
    await a.git('push')
    await b.git('pull')
    expect(await b.database.rows('traders')).toHaveLength(195)
    expect(await b.database.rows('traders')).toEqual(await a.database.rows('traders'))
    expect(await disagreements(assets)).toEqual([])
    expect(await chatter(assets)).toEqual([])
  })

  test('193 traders here and 192 there become 195 on both, none of them twice', async () => {
    assets = await readyAssets(engine, records(key))
    await assets.a.database.insert('traders', traders(key, 3, 191))
    await assets.b.database.insert('traders', traders(key, 2, 201))
    await exchange(assets)
    for (const { database } of [assets.a, assets.b]) {
      const rows = await database.rows('traders')
      expect(rows).toHaveLength(195)
      expect(new Set(rows.map((row) => row['user_id'])).size).toBe(195)
    }
    expect(await disagreements(assets)).toEqual([])
    expect(await chatter(assets)).toEqual([])
  })
})

describe.each(engines.filter((engine) => engine.key === 'id'))(
  '$name, numbers that each database hands out',
  (engine) => {
    test('193 posts here and 192 there become 195 on both, those with a number that was taken get another one', async () => {
      const post = (title: string): Fields => ({ author: 'user1', title, updated_at: hour(1) })
      const titles = (prefix: string, count: number): Fields[] =>
        Array.from({ length: count }, (_, i) => post(`${prefix} ${i}`))
      const assets = await readyAssets(engine, { records: { posts: titles('old', 190) } })
      try {
        await assets.a.database.insert('posts', titles('from a', 3))
        await assets.b.database.insert('posts', titles('from b', 2))
        await exchange(assets)
        const wanted = [...titles('old', 190), ...titles('from a', 3), ...titles('from b', 2)]
        for (const { database } of [assets.a, assets.b]) {
          const rows = await database.rows('posts')
          expect(new Set(rows.map((row) => row['title']))).toEqual(new Set(wanted.map(({ title }) => title)))
          expect(new Set(rows.map((row) => row['id'])).size).toBe(195)
        }
        expect(await disagreements(assets)).toEqual([])
        expect(await chatter(assets)).toEqual([])
        await assets.b.database.insert('posts', [post('one more')])
        expect(await assets.b.database.rows('posts')).toHaveLength(196)
      } finally {
        await assets.close()
      }
    })
  },
)

describe.each(engines)('$name, after edits on both machines and one exchange', (engine) => {
  const { key } = engine
  const id = (i: number): string => String(trader(key, i)[key])
  let assets: TwoAssets
  let found: readonly ReadonlyMap<string | null, Row>[]

  beforeAll(async () => {
    assets = await readyAssets(engine, records(key))
    await editBoth(assets, (i) => ({ [key]: id(i) }), [trader(key, 500)])
    await exchange(assets)
    const rows = await Promise.all([assets.a, assets.b].map(({ database }) => database.rows('traders')))
    found = rows.map((each) => new Map(each.map((row) => [row[key] ?? null, row])))
  })
  afterAll(async () => assets.close())

  /** A field of a trader on each machine, as text. */
  const both = (i: number, field: string): (string | null | undefined)[] =>
    found.map((rows) => rows.get(id(i))?.[field])
  const money = (i: number): number[] => both(i, 'profit_usd').map(Number)

  test('both edited the same field: the newer edit is on both', () => {
    expect(money(1)).toEqual([222, 222])
  })

  test('the value that lost stands in the report', async () => {
    const files = (await assets.a.git('ls-files', 'exports/reports')).stdout.split('\n')
    const reports = files.filter((file) => file.endsWith('.md'))
    expect(reports).toHaveLength(1)
    expect(await assets.a.read(reports[0] as string)).toContain('111')
  })

  test('the newer edit wins also when its machine pushed first', () => {
    expect(money(2)).toEqual([111, 111])
  })

  test('edits of different fields of one trader both survive', () => {
    expect(both(3, 'username')).toEqual(['renamed', 'renamed'])
    expect(money(3)).toEqual([7, 7])
  })

  test('a trader deleted on one machine and edited on the other is kept on both', () => {
    expect(money(4)).toEqual([8, 8])
    expect(money(5)).toEqual([9, 9])
  })

  test('a trader deleted on one machine and left alone on the other is gone on both', () => {
    expect(both(6, key)).toEqual([undefined, undefined])
    expect(both(7, key)).toEqual([undefined, undefined])
  })

  test('the same new trader entered on both machines is one trader', () => {
    expect(both(500, key)).toEqual([id(500), id(500)])
    expect(found.map((rows) => rows.size)).toEqual([189, 189])
  })

  test('both are equal, and quiet', async () => {
    expect(await disagreements(assets)).toEqual([])
    expect(await chatter(assets)).toEqual([])
  })
})

/** What each machine does before the exchange; trader by trader as the tests above expect it. */
async function editBoth({ a, b }: TwoAssets, where: (i: number) => Fields, added: readonly Fields[]): Promise<void> {
  // moments after the export, as a record's own time counts between the commit before it and its own
  const first = new Date()
  await setTimeout(20)
  const second = new Date()
  await setTimeout(20)
  const change = (at: Asset, i: number, fields: Fields): Promise<void> =>
    at.database.change('traders', where(i), fields)
  await change(a, 1, { profit_usd: 111, updated_at: first })
  await change(b, 1, { profit_usd: 222, updated_at: second })
  await change(a, 2, { profit_usd: 111, updated_at: second })
  await change(b, 2, { profit_usd: 222, updated_at: first })
  await change(a, 3, { username: 'renamed' })
  await change(b, 3, { profit_usd: 7 })
  await a.database.remove('traders', where(4))
  await change(b, 4, { profit_usd: 8, updated_at: first })
  await change(a, 5, { profit_usd: 9, updated_at: first })
  for (const i of [5, 6]) await b.database.remove('traders', where(i))
  await a.database.remove('traders', where(7))
  for (const { database } of [a, b]) await database.insert('traders', added)
}
