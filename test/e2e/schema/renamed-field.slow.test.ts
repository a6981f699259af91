/** A field or table renamed on one machine of a shop with many foreign keys: one line, which names the machine that has to migrate, and only what touches it waits. */
import { expect, inject, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Engine } from '../../support/live-database.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssetsOptions } from '../../support/two-assets.ts'

const table = (name: string, ...parents: readonly string[]): string =>
  `CREATE TABLE ${name} (id TEXT PRIMARY KEY, note TEXT, phone TEXT${parents.map((to) => `, ${to}_id TEXT REFERENCES ${to} (id)`).join('')})`

const SHOP: TwoAssetsOptions = {
  tables: [
    table('shippers'),
    table('customers'),
    table('employees'),
    table('suppliers'),
    table('products', 'suppliers'),
    table('orders', 'shippers', 'customers', 'employees'),
    table('lines', 'orders', 'products'),
  ],
  records: {
    shippers: [{ id: 's1', phone: '1' }],
    customers: [{ id: 'c1' }, { id: 'c2' }],
    orders: [{ id: 'o1', shippers_id: 's1', customers_id: 'c1' }],
  },
  collections: {},
}

const heldLines = (text: string): string[] => text.split('\n').filter((line) => line.includes('is held'))

const ids = async (asset: Asset, name: string): Promise<string> =>
  (await asset.database.rows(name)).map((row) => row['id']).join()

const subjects = async (asset: Asset): Promise<string[]> =>
  (await asset.git('log', '--format=%s')).stdout.trim().split('\n')

const engines: readonly Engine[] = [sqlite, postgres(inject('postgres'))]

test.each(engines)('$name: a renamed field holds its table and what touches it, in one line', (engine) =>
  betweenTwo(engine, SHOP, async ({ a, b }) => {
    await a.database.run('ALTER TABLE shippers RENAME COLUMN phone TO tel')
    await a.database.insert('customers', [{ id: 'c3' }])
    const first = await a.git('push')
    expect(heldLines(first.text)).toEqual([expect.stringMatching(/app\/shippers is held .*phone was dropped here/)])
    expect(first.text).toContain('app +1 ~0 -0')
    await a.tandem('forget', 'app/shippers', '--field', 'phone')
    await a.git('push')
    await b.database.insert('employees', [{ id: 'e1' }])
    const pull = await b.git('pull')
    expect(heldLines(pull.text)).toEqual([
      expect.stringMatching(
        /app\/shippers is held .*tel.*this machine has to migrate, as a has \(commit [0-9a-f]{7}\)$/,
      ),
    ])
    expect(await ids(b, 'customers')).toBe('c1,c2,c3')
    expect(heldLines((await b.git('push')).text)).toHaveLength(1)
    await a.git('pull')
    expect(await ids(a, 'employees')).toBe('e1')
    // a new child of the held table, with a child of its own, and a parent of it that goes
    await a.database.insert('shippers', [{ id: 's2' }])
    await a.database.insert('orders', [{ id: 'o2', shippers_id: 's2' }])
    await a.database.insert('lines', [{ id: 'l1', orders_id: 'o2' }])
    await a.database.remove('customers', { id: 'c2' })
    await a.database.insert('suppliers', [{ id: 'z1' }])
    await a.git('push')
    const second = heldLines((await b.git('pull')).text)
    expect(second).toEqual([
      expect.stringMatching(/; shippers holds 3 more tables \(foreign keys\): orders, lines, customers$/),
    ])
    expect([await ids(b, 'orders'), await ids(b, 'customers'), await ids(b, 'suppliers')]).toEqual([
      'o1',
      'c1,c2,c3',
      'z1',
    ])
    await b.git('push')
    await b.database.run('ALTER TABLE shippers RENAME COLUMN phone TO tel')
    expect((await b.tandem('apply')).code).toBe(0)
    await b.git('push')
    await a.git('pull')
    expect([await ids(b, 'orders'), await ids(b, 'lines'), await ids(b, 'customers')]).toEqual(['o1,o2', 'l1', 'c1,c3'])
    expect(await disagreements({ a, b })).toEqual([])
    expect((await subjects(a)).filter((subject) => subject.includes('+0 ~0 -0'))).toEqual([])
  }),
)

test('a renamed table holds the old one here, and what refers to it there, each in a line', () =>
  betweenTwo(sqlite, SHOP, async ({ a, b }) => {
    await a.database.run('ALTER TABLE shippers RENAME TO carriers')
    await a.database.insert('employees', [{ id: 'e1' }])
    expect(heldLines((await a.git('push')).text)).toEqual([
      expect.stringMatching(/app\/shippers is held .*tandem forget/),
    ])
    await a.tandem('forget', 'app/shippers')
    await a.git('push')
    await b.database.insert('suppliers', [{ id: 'z1' }])
    const pull = heldLines((await b.git('pull')).text)
    const held = new Set(pull.map((line) => /app\/(\w+) is held/.exec(line)?.[1]))
    expect(held).toEqual(new Set(['carriers', 'orders', 'shippers']))
    expect(await ids(b, 'employees')).toBe('e1')
    expect((await b.git('push')).text).toContain('app +1 ~0 -0')
    await b.database.run('ALTER TABLE shippers RENAME TO carriers')
    await b.tandem('apply')
    await b.tandem('forget', 'app/shippers')
    await b.git('push')
    await a.git('pull')
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('a migration that changes no record is a commit that says what it carries', () =>
  betweenTwo(sqlite, SHOP, async ({ a }) => {
    await a.database.run('ALTER TABLE orders ADD COLUMN weight INTEGER')
    await a.git('push')
    expect((await subjects(a))[0]).toBe('data: app structure of orders')
  }))
