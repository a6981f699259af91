/**
 * One machine has migrated and the other has not while git merges: in each order, with edits of other fields and of the migrated one, deletes, NULLs and new rows on both machines. What nobody
 * opposed is there in the end, what was deleted stays away, and nothing waits in quarantine.
 */
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Engine } from '../../support/live-database.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const ids = Array.from({ length: 16 }, (_, i) => `r${String(i + 1).padStart(2, '0')}`)
const record = (id: string): Record<string, string | number> => ({ id, name: `name ${id}`, phone: `+${id}`, price: 18 })

type Rows = Record<string, Record<string, string | null> | undefined>

/** A migration of `item`, and the field that it changes. */
interface Migration {
  readonly name: string
  readonly statements: readonly string[]
  /** The changed field, and what it holds where nobody wrote it. */
  readonly field: string
  readonly untouched: (id: string) => string
  /** Values to write into it. */
  readonly values: readonly [string | number, string | number, string | number]
  readonly nullable: boolean
  /** The name that the field had before, which has to be forgotten. */
  readonly gone?: string
  /** The name that the table gets. */
  readonly table?: string
  /** The former table is forgotten by the first machine at once: git then may find a conflict that puts it back. */
  readonly isForgottenEarly?: true
  /** Tried in every order. */
  readonly isWhole?: true
  /** How a price reads afterwards, where that is not its own text. */
  readonly priced?: (price: number) => string
}

const FIELDS = 'id TEXT PRIMARY KEY, name TEXT, phone TEXT'

// SQLite changes a type by a new table
const RETYPE: Readonly<Record<string, readonly string[]>> = {
  SQLite: [
    `CREATE TABLE retyped (${FIELDS}, price REAL)`,
    'INSERT INTO retyped SELECT * FROM item',
    'DROP TABLE item',
    'ALTER TABLE retyped RENAME TO item',
  ],
  PostgreSQL: ['ALTER TABLE item ALTER COLUMN price TYPE numeric(10,2)'],
}

const pricedIn = (engine: Engine) => (price: number) => (engine === sqlite ? String(price) : price.toFixed(2))

const migrationsOf = (engine: Engine): readonly Migration[] => [
  {
    name: 'a field with a default',
    statements: [`ALTER TABLE item ADD COLUMN state TEXT DEFAULT 'new'`],
    field: 'state',
    untouched: () => 'new',
    values: ['sold', 'lent', 'late'],
    nullable: true,
  },
  {
    name: 'a required field with a default',
    statements: [`ALTER TABLE item ADD COLUMN state TEXT NOT NULL DEFAULT 'new'`],
    field: 'state',
    untouched: () => 'new',
    values: ['sold', 'lent', 'late'],
    nullable: false,
  },
  {
    name: 'a renamed field',
    statements: ['ALTER TABLE item RENAME COLUMN phone TO tel'],
    field: 'tel',
    untouched: (id) => `+${id}`,
    values: ['sold', 'lent', 'late'],
    nullable: true,
    gone: 'phone',
    isWhole: true,
  },
  {
    name: 'a renamed table',
    statements: ['ALTER TABLE item RENAME TO goods'],
    field: 'phone',
    untouched: (id) => `+${id}`,
    values: ['sold', 'lent', 'late'],
    nullable: true,
    table: 'goods',
    isWhole: true,
  },
  {
    name: 'a renamed table that is forgotten at once',
    statements: ['ALTER TABLE item RENAME TO goods'],
    field: 'phone',
    untouched: (id) => `+${id}`,
    values: ['sold', 'lent', 'late'],
    nullable: true,
    table: 'goods',
    isForgottenEarly: true,
  },
  {
    name: 'another type',
    statements: RETYPE[engine.name] ?? [],
    field: 'price',
    untouched: () => pricedIn(engine)(18),
    values: [40, 41, 42],
    nullable: true,
    priced: pricedIn(engine),
  },
]

interface Machines extends TwoAssets {
  /** The machine that migrates later (a), before it has. */
  readonly early: () => Promise<void>
  /** The machine that has migrated first (b). */
  readonly migrated: () => Promise<void>
  readonly migrateLate: () => Promise<void>
}

const commit = (asset: Asset): Promise<unknown> => asset.tandem('export', '--commit')
/** Pulls, and resolves what git leaves in conflict: a table that one side renamed while the other changed its records. */
async function pull(asset: Asset): Promise<void> {
  if ((await asset.try('pull', '--no-edit')).code === 0) return
  await asset.tandem('resolve')
  await asset.git('commit', '--no-edit')
}

/** Pushes, after a pull where somebody was faster. */
async function carry(asset: Asset): Promise<void> {
  if ((await asset.try('push')).code === 0) return
  await pull(asset)
  await asset.git('push')
}

const orders: Readonly<Record<string, (machines: Machines) => Promise<void>>> = {
  'live edits, migrated before the pull': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await migrated()
    await carry(b)
    await migrateLate()
    await pull(a)
    await carry(a)
  },
  'committed edits, migrated before the pull': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await commit(a)
    await migrated()
    await carry(b)
    await migrateLate()
    await pull(a)
    await carry(a)
  },
  'live edits, migrated after the pull': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await migrated()
    await carry(b)
    await pull(a)
    await migrateLate()
    await carry(a)
  },
  'committed edits, migrated after the pull': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await commit(a)
    await migrated()
    await carry(b)
    await pull(a)
    await migrateLate()
    await carry(a)
  },
  'published edits, and a push in between': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await commit(a)
    await migrated()
    await carry(b)
    await pull(a)
    await carry(a)
    await pull(b)
    await carry(b)
    await pull(a)
    await migrateLate()
    await carry(a)
  },
  'published edits, met by live ones': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await carry(a)
    await migrated()
    await pull(b)
    await carry(b)
    await pull(a)
    await migrateLate()
    await carry(a)
  },
  'published edits, met by committed ones': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await carry(a)
    await migrated()
    await commit(b)
    await pull(b)
    await carry(b)
    await pull(a)
    await migrateLate()
    await carry(a)
  },
  'both migrated and committed': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await commit(a)
    await migrateLate()
    await commit(a)
    await migrated()
    await carry(b)
    await carry(a)
  },
  'both migrated, the later one first to push': async ({ a, b, early, migrated, migrateLate }) => {
    await early()
    await migrateLate()
    await migrated()
    await commit(b)
    await carry(a)
    await carry(b)
    await pull(a)
  },
}

/** The orders in which most went wrong, and those that are tried besides where `isWhole` says so. Every combination takes half an hour: TANDEM_ORDERS=all. */
const TELLING = ['committed edits, migrated after the pull', 'published edits, met by live ones']
const MORE = [
  'live edits, migrated before the pull',
  'published edits, and a push in between',
  'both migrated and committed',
]

const added = (id: string): Record<string, string | number> => ({ id, name: `name ${id}`, price: 18 })

function machinesOf(assets: TwoAssets, migration: Migration): Machines {
  const { a, b } = assets
  const { field, values, nullable, gone, table = 'item' } = migration
  const migrate = async (asset: Asset): Promise<void> => {
    await asset.database.run(...migration.statements)
    if (gone !== undefined && !forgotten) await asset.tandem('forget', 'app/item', '--field', gone)
    if (migration.isForgottenEarly === true && !forgotten) await asset.tandem('forget', 'app/item')
    forgotten = true
  }
  let forgotten = false
  const phone = gone === undefined ? 'phone' : field
  return {
    ...assets,
    early: async () => {
      const { database } = a
      await database.remove('item', { id: 'r02' })
      for (const id of ['r03', 'r06', 'r07']) await database.change('item', { id }, { name: 'by a' })
      await database.change('item', { id: 'r05' }, { name: null })
      await database.change('item', { id: 'r10' }, { phone: 'by a' })
      await database.change('item', { id: 'r15' }, { phone: null })
      await database.change('item', { id: 'r16' }, { price: 20 })
      await database.remove('item', { id: 'r08' })
      await database.insert('item', [{ ...added('r20'), phone: '+r20' }])
    },
    migrated: async () => {
      const { database } = b
      await migrate(b)
      await database.change(table, { id: 'r06' }, { [field]: values[0] })
      if (nullable) await database.change(table, { id: 'r07' }, { [field]: null })
      await database.change(table, { id: 'r08' }, { [field]: values[1] })
      await database.remove(table, { id: 'r09' })
      await database.change(table, { id: 'r10' }, { name: 'by b' })
      await database.change(table, { id: 'r11' }, { price: 30 })
      await database.insert(table, [{ ...added('r21'), [phone]: '+r21' }])
    },
    migrateLate: async () => {
      const { database } = a
      await migrate(a)
      await a.tandem('apply')
      await database.change(table, { id: 'r13' }, { [field]: values[2] })
      if (nullable) await database.change(table, { id: 'r14' }, { [field]: null })
      await database.insert(table, [{ ...added('r22'), [phone]: '+r22' }])
    },
  }
}

function expected({ field, untouched, values, nullable, gone, priced = String }: Migration): Rows {
  const row = (id: string): Record<string, string | null> => {
    const { phone, ...rest } = record(id)
    const base = gone === undefined ? { ...rest, phone } : rest
    return { ...(base as Record<string, string>), price: priced(18), [field]: untouched(id) }
  }
  const [first, second, late] = values.map((value) => (typeof value === 'number' ? priced(value) : value)) as [
    string,
    string,
    string,
  ]
  const rows: Record<string, Record<string, string | null>> = {}
  for (const id of [...ids, 'r20', 'r21', 'r22']) rows[id] = row(id)
  const set = (id: string, fields: Record<string, string | null>): void => void (rows[id] = { ...rows[id], ...fields })
  delete rows['r02']
  delete rows['r09']
  const phone = gone === undefined ? 'phone' : field
  set('r03', { name: 'by a' })
  set('r05', { name: null })
  set('r06', { name: 'by a', [field]: first })
  set('r07', { name: 'by a', ...(nullable ? { [field]: null } : {}) })
  set('r08', { [field]: second })
  set('r10', { name: 'by b', [phone]: 'by a' })
  set('r11', { price: priced(30) })
  set('r13', { [field]: late })
  if (nullable) set('r14', { [field]: null })
  set('r15', { [phone]: null })
  set('r16', { price: priced(20) })
  return rows
}

async function rowsOf({ database }: Asset, { table = 'item' }: Migration): Promise<Rows> {
  return Object.fromEntries((await database.rows(table)).map((row) => [row['id'], row]))
}

const engines: readonly Engine[] = [sqlite, postgres(inject('postgres'))]
const tables = [`CREATE TABLE item (${FIELDS}, price NUMERIC)`]

describe.each(engines)('$name', (engine) => {
  describe.each(migrationsOf(engine))('$name', (migration) => {
    const isRename = migration.gone !== undefined || migration.table !== undefined
    // what is done about a renamed field or table does not depend on the engine
    const some =
      engine === sqlite ? [...TELLING, ...(migration.isWhole === true ? MORE : [])] : TELLING.slice(isRename ? 1 : 0)
    test.each(process.env['TANDEM_ORDERS'] === 'all' ? Object.keys(orders) : some)('%s', (order) =>
      betweenTwo(engine, { tables, records: { item: ids.map(record) }, collections: {} }, async (assets) => {
        const { a, b } = assets
        await orders[order]?.(machinesOf(assets, migration))
        await exchange(assets)
        if (migration.table !== undefined) await a.tandem('forget', 'app/item')
        await exchange(assets)
        const wanted = expected(migration)
        expect.soft(await rowsOf(a, migration)).toEqual(wanted)
        expect.soft(await rowsOf(b, migration)).toEqual(wanted)
        for (const asset of [a, b]) expect.soft((await asset.tandem('quarantine')).stdout).not.toContain('[')
        expect(await disagreements(assets)).toEqual([])
      }),
    )
  })
})
