/** A table renamed on one machine while the other edits its records: git's rename detection goes by looks and carries edits between folders. */
import { expect, test } from 'vitest'
import { sqlite } from '../support/live-sqlite.ts'
import { betweenTwo } from '../support/two-assets.ts'

const orders = Array.from({ length: 40 }, (_, i) => ({ id: i + 1, title: `order number ${i + 1}`, state: 'new' }))
const OPTIONS = {
  tables: ['CREATE TABLE orders (id INTEGER PRIMARY KEY, title TEXT, state TEXT)'],
  records: { orders },
  collections: {},
}

test('resolve puts both tables back into folders of their own, keeps the edits, and both machines hold what they have until people decide', () =>
  betweenTwo(sqlite, OPTIONS, async ({ a, b }) => {
    await a.database.run('ALTER TABLE orders RENAME TO purchases')
    await a.database.change('purchases', { id: 20 }, { state: 'by a' })
    await a.tandem('forget', 'app/orders')
    await a.git('push')
    await b.database.change('orders', { id: 20 }, { title: 'edited by b' })
    await b.database.insert('orders', [{ id: 99, title: 'added by b' }])
    await b.tandem('export', '--commit')
    expect((await b.try('pull', '--no-edit')).text).toMatch(/CONFLICT[^]*Run: tandem resolve/)
    const resolved = await b.tandem('resolve')
    expect([resolved.code, resolved.text]).toEqual([0, expect.stringContaining('exports/app/orders')])
    const concluded = await b.git('commit', '--no-edit')
    expect(concluded.text).toContain('has no purchases: run your migrations')
    const [kept, added] = [
      await b.read('exports/app/orders/records.jsonl'),
      await b.read('exports/app/purchases/records.jsonl'),
    ]
    expect(kept.split('\n').filter((line) => line.includes('by b'))).toHaveLength(2)
    expect([added.includes('by b'), added.includes('"state":"by a"')]).toEqual([false, true])
    expect(await b.database.rows('orders')).toHaveLength(41)
    await b.git('push')
    expect((await a.git('pull')).text).toContain('has no orders: run your migrations')
    expect(await a.database.rows('purchases')).toHaveLength(40)
    // the table is made, and both have both: nothing was lost, and what to drop is theirs to say
    expect((await b.tandem('apply', '--apply-schema', '--yes')).code).toBe(0)
    expect(await b.database.rows('purchases')).toEqual(await a.database.rows('purchases'))
  }))
