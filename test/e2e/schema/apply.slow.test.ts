/** Migrations that travel: what one machine added to its tables is shown as statements on the other and made there once somebody agrees; whatever is no addition stops and says why. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const pg = postgres(inject('postgres'))

const SHOP = {
  tables: [
    'CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)',
    'CREATE TABLE orders (id INTEGER PRIMARY KEY, title TEXT, state TEXT)',
  ],
  records: {
    customers: [{ id: 1, name: 'Ann' }],
    orders: [
      { id: 1, title: 'one', state: 'new' },
      { id: 2, title: 'two', state: 'new' },
    ],
  },
  collections: {},
}

const shop = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, SHOP, work)

const definitionOf = async (asset: Asset, table: string): Promise<string> =>
  (await asset.database.run(`SELECT sql FROM sqlite_master WHERE name = '${table}'`))[0]?.['sql'] ?? ''

describe('tandem apply --apply-schema on SQLite', () => {
  test('adds a new column and a new table with its references, after showing the statements, and applies their records in the same go', () =>
    shop(async ({ a, b }) => {
      await a.database.run(
        'ALTER TABLE orders ADD COLUMN note TEXT',
        'ALTER TABLE orders ADD COLUMN customer INTEGER REFERENCES customers (id)',
        'CREATE TABLE "odd; ""name" (id INTEGER PRIMARY KEY, "order" INTEGER NOT NULL REFERENCES orders (id), price REAL, raw BLOB, UNIQUE ("order", price))',
      )
      await a.database.change('orders', { id: 1 }, { note: 'first', customer: 1 })
      await a.database.run(`INSERT INTO "odd; ""name" VALUES (7, 1, 2.5, x'00ff')`)
      await a.git('push')
      const pull = await b.git('pull')
      expect(pull.text).toMatch(
        /app\/orders is held \(.+\): its structure lacks customer integer, note text, the reference \(customer\) to customers; to add them: tandem apply --apply-schema/,
      )
      expect(pull.text).toMatch(/has no odd; "name: run your migrations, or: tandem apply --apply-schema/)
      await b.database.insert('orders', [{ id: 9, title: 'only here', state: 'new' }])
      const dry = await b.tandem('apply', '--apply-schema', '--dry-run')
      expect(dry.text).toContain('ALTER TABLE "orders" ADD COLUMN "note" TEXT;')
      expect(dry.text).toContain('ALTER TABLE "orders" ADD COLUMN "customer" INTEGER REFERENCES "customers" ("id");')
      expect(dry.text).toContain('CREATE TABLE "odd; ""name"')
      expect(await definitionOf(b, 'orders')).not.toContain('note')
      const refused = await b.tandem('apply', '--apply-schema')
      expect([refused.code, refused.text]).toEqual([5, expect.stringContaining('nobody is here to agree')])
      expect(await definitionOf(b, 'orders')).not.toContain('note')
      const done = await b.tandem('apply', '--apply-schema', '--yes', '--json')
      expect(done.code).toBe(0)
      expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, held: [], schema: { app: { refused: {} } } })
      expect(await b.database.rows('orders')).toContainEqual({
        id: '1',
        title: 'one',
        state: 'new',
        note: 'first',
        customer: '1',
      })
      await exchange({ a: b, b: a })
      expect(await disagreements({ a, b })).toEqual([])
      expect((await a.database.rows('orders')).length).toBe(3)
    }))

  test('gives a required column the value that all its records have as default, and refuses one whose default it cannot know', () =>
    shop(async ({ a, b }) => {
      await a.database.run(`ALTER TABLE orders ADD COLUMN kind TEXT NOT NULL DEFAULT 'it''s; plain'`)
      await a.database.run('ALTER TABLE customers ADD COLUMN rank INTEGER NOT NULL DEFAULT 1')
      await a.database.insert('customers', [{ id: 2, name: 'Bob', rank: 5 }])
      await a.git('push')
      await b.git('pull')
      await b.database.insert('orders', [{ id: 9, title: 'only here' }])
      const applied = await b.tandem('apply', '--apply-schema', '--yes')
      expect(applied.code).toBe(5)
      expect(applied.text).toContain(`ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'it''s; plain';`)
      expect(applied.text).toMatch(/app\/customers cannot be brought in step by additions: rank is required/)
      expect((await b.database.rows('orders')).map((row) => row['kind'])).toEqual(Array(3).fill(`it's; plain`))
      await b.database.run('ALTER TABLE customers ADD COLUMN rank INTEGER NOT NULL DEFAULT 1')
      expect((await b.tandem('apply')).code).toBe(0)
      await exchange({ a: b, b: a })
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('adds each side what the other added, when both migrated differently', () =>
    shop(async ({ a, b }) => {
      await a.database.run('ALTER TABLE orders ADD COLUMN note TEXT')
      await b.database.run('ALTER TABLE orders ADD COLUMN size INTEGER')
      await a.database.change('orders', { id: 1 }, { note: 'by a' })
      await b.database.change('orders', { id: 1 }, { size: 4 })
      await a.git('push')
      await b.git('pull')
      expect((await b.tandem('apply', '--apply-schema', '--yes')).code).toBe(0)
      await b.git('push')
      await a.git('pull')
      expect((await a.tandem('apply', '--apply-schema', '--yes')).code).toBe(0)
      expect(await disagreements({ a, b })).toEqual([])
      for (const asset of [a, b])
        expect((await asset.database.rows('orders'))[0]).toMatchObject({ note: 'by a', size: '4' })
    }))

  test('names a renamed column as what it may be, drops and converts nothing, and loses no value once the other machine renamed it too', () =>
    shop(async ({ a, b }) => {
      await a.database.run('ALTER TABLE orders RENAME COLUMN title TO label')
      expect((await a.git('push')).text).toMatch(/title was dropped here.*tandem forget app\/orders --field title/)
      await a.tandem('forget', 'app/orders', '--field', 'title')
      await a.git('push')
      await b.database.change('orders', { id: 2 }, { title: 'edited here' })
      const pull = await b.git('pull')
      expect(pull.text).toMatch(
        /title is gone from the exports, where label of the same type appeared: if title was renamed, rename it here too/,
      )
      const before = await definitionOf(b, 'orders')
      const applied = await b.tandem('apply', '--apply-schema', '--yes')
      expect([applied.code, await definitionOf(b, 'orders')]).toEqual([5, before])
      expect(applied.text).toContain('cannot be brought in step by additions')
      await b.database.run('ALTER TABLE orders RENAME COLUMN title TO label')
      expect((await b.tandem('apply')).code).toBe(0)
      await exchange({ a: b, b: a })
      expect(await disagreements({ a, b })).toEqual([])
      expect((await a.database.rows('orders')).map((row) => row['label'])).toEqual(['one', 'edited here'])
    }))

  test('leaves alone a type that was converted, a column that became required and a table that was renamed, and says what differs', () =>
    shop(async ({ a, b }) => {
      await a.database.run(
        'ALTER TABLE orders RENAME TO purchases',
        'CREATE TABLE customers2 (id INTEGER PRIMARY KEY, name INTEGER NOT NULL)',
        'INSERT INTO customers2 VALUES (1, 5)',
        'DROP TABLE customers',
        'ALTER TABLE customers2 RENAME TO customers',
      )
      await a.tandem('forget', 'app/orders')
      await a.git('push')
      await b.git('pull')
      const applied = await b.tandem('apply', '--apply-schema', '--yes')
      expect(applied.code).toBe(5)
      expect(applied.text).toContain(
        'name is text here, integer in the exports; name is required in the exports, not here',
      )
      expect(applied.text).toContain('orders has the same fields and is gone from the exports: if it was renamed')
      expect((await b.database.run(`SELECT name FROM sqlite_master WHERE name = 'purchases'`)).length).toBe(0)
      expect((await b.database.rows('orders')).length).toBe(2)
    }))
})

describe('tandem apply --apply-schema on PostgreSQL', () => {
  const tables = [
    `CREATE TYPE order_state AS ENUM ('new', 'done')`,
    'CREATE TABLE orders (id bigserial PRIMARY KEY, title text, state order_state)',
  ]
  const records = { orders: [{ id: 1, title: 'one', state: 'new' }] }

  test('adds labels, columns of every usual type, and tables with references in a circle, and uses them at once', () =>
    betweenTwo(pg, { tables, records, collections: {} }, async ({ a, b }) => {
      await a.database.run(
        `ALTER TYPE order_state ADD VALUE 'it''s paid' BEFORE 'done'`,
        `ALTER TYPE order_state ADD VALUE 'lost'`,
      )
      await a.database.run(
        `ALTER TABLE orders ADD COLUMN tags text[], ADD COLUMN price numeric(18,2), ADD COLUMN at timestamptz(3), ADD COLUMN doc jsonb, ADD COLUMN kind varchar(20) NOT NULL DEFAULT 'plain'`,
        'CREATE SCHEMA sales',
        `CREATE TABLE sales.lines (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "order" bigint NOT NULL REFERENCES public.orders (id), size interval, UNIQUE ("order", size))`,
        'CREATE TABLE heads (id int PRIMARY KEY, line int REFERENCES sales.lines (id))',
        'ALTER TABLE sales.lines ADD COLUMN head int REFERENCES heads (id)',
      )
      await a.database.run(
        `UPDATE orders SET state = 'it''s paid', tags = '{a,b}', price = 2.50, at = now(), doc = '{"x": 1}' WHERE id = 1`,
        `INSERT INTO sales.lines ("order", size) VALUES (1, '2 days')`,
        `INSERT INTO heads VALUES (1, 1)`,
        `UPDATE sales.lines SET head = 1`,
      )
      await a.git('push')
      const pull = await b.git('pull')
      expect(pull.text).toContain(`"it's paid", "lost" of state`)
      expect(pull.text).toContain('to add them: tandem apply --apply-schema')
      await b.database.insert('orders', [{ id: 9, title: 'only here', state: 'new' }])
      const done = await b.tandem('apply', '--apply-schema', '--yes')
      expect([done.code, done.text]).toEqual([
        0,
        expect.stringContaining(`ADD VALUE IF NOT EXISTS 'it''s paid' BEFORE 'done';`),
      ])
      await exchange({ a: b, b: a })
      expect(await disagreements({ a, b })).toEqual([])
      expect(await b.database.run("SELECT nextval(pg_get_serial_sequence('sales.lines', 'id')) AS next")).toEqual([
        { next: '2' },
      ])
      expect(await b.database.run(`INSERT INTO orders (title) VALUES ('later') RETURNING kind`)).toEqual([
        { kind: 'plain' },
      ])
    }))
})

describe('beside a unique key that only the database can compare', () => {
  test.each([
    ['SQLite', sqlite],
    ['PostgreSQL', pg],
  ] as const)('a new column is added, and its records are applied (%s)', (_, engine) =>
    betweenTwo(
      engine,
      {
        tables: [
          // 7 and 7.0 are one number, and a record's text may hold either
          'CREATE TABLE customers (id INTEGER PRIMARY KEY, code NUMERIC UNIQUE)',
        ],
        records: { customers: [{ id: 1, code: 1 }] },
        collections: {},
      },
      async ({ a, b }) => {
        await a.database.run('ALTER TABLE customers ADD COLUMN note TEXT')
        await a.database.insert('customers', [{ id: 2, code: 2, note: 'new' }])
        await a.git('push')
        await b.git('pull')
        await b.database.insert('customers', [{ id: 3, code: 3 }])
        const done = await b.tandem('apply', '--apply-schema', '--yes')
        expect([done.code, done.text]).toEqual([0, expect.stringContaining('note')])
        expect(await b.database.rows('customers')).toContainEqual({ id: '2', code: '2', note: 'new' })
        await exchange({ a: b, b: a })
        expect(await disagreements({ a, b })).toEqual([])
      },
    ),
  )
})

describe('what a migration filled in', () => {
  const columns: readonly (readonly [definition: string, edit: string])[] = [
    ["kind varchar(20) NOT NULL DEFAULT 'it''s new'", `kind = 'done'`],
    ['rank int NOT NULL DEFAULT -1', 'rank = 9'],
    ['share numeric(10,2) DEFAULT 0', 'share = 2.5'],
    ['open boolean DEFAULT false', 'open = true'],
  ]

  test.each([
    ['SQLite', sqlite],
    ['PostgreSQL', pg],
  ] as const)("is nobody's edit: one of every record on the other machine is kept (%s)", (_, engine) =>
    betweenTwo(
      engine,
      {
        tables: ['CREATE TABLE orders (id int PRIMARY KEY, title text)'],
        records: { orders: [1, 2, 3].map((id) => ({ id, title: `order ${id}` })) },
        collections: {},
      },
      async ({ a, b }) => {
        const migrations = columns.map(([definition]) => `ALTER TABLE orders ADD COLUMN ${definition}`)
        await a.database.run(...migrations)
        await a.database.run(`UPDATE orders SET ${columns.map(([, edit]) => edit).join(', ')}`)
        await a.git('push')
        await b.database.run(...migrations)
        await b.database.change('orders', { id: 3 }, { rank: 5 })
        await b.git('pull')
        const rows = await b.database.rows('orders')
        expect(rows.map((row) => row['kind'])).toEqual(['done', 'done', 'done'])
        expect(rows.map((row) => row['rank']).slice(0, 2)).toEqual(['9', '9'])
        expect(rows.map((row) => Number(row['share']))).toEqual([2.5, 2.5, 2.5])
        expect(rows.map((row) => ['1', 'true', 't'].includes(row['open'] ?? ''))).toEqual([true, true, true])
        await exchange({ a: b, b: a })
        expect(await disagreements({ a, b })).toEqual([])
      },
    ),
  )
})
