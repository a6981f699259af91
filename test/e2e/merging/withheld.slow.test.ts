/** What a database refuses: `verify`, `status` and `doctor` tell of the records that are really there, and a verdict in the quarantine ends the difference on every machine or says that it does not. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Engine } from '../../support/live-database.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { firstExport, withEmptyAssets, type TwoAssets, type TwoAssetsOptions } from '../../support/two-assets.ts'

const engines: readonly Engine[] = [sqlite, postgres(inject('postgres'))]

const ORDERS = 'CREATE TABLE orders (id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id))'

const users = (check: string): string => `CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, age INTEGER${check})`

const SHOP: TwoAssetsOptions = {
  tables: [users(''), ORDERS],
  records: {
    users: [
      { id: 'u1', name: 'One', age: 30 },
      { id: 'u2', name: 'Two', age: 40 },
    ],
    orders: [{ id: 'o1', user_id: 'u1' }],
  },
  collections: {},
}

interface Problem {
  readonly code: string
  readonly message: string
  readonly key?: string
}

async function problems(asset: Asset): Promise<readonly Problem[]> {
  const answer = await asset.tandem('verify', '--json')
  const verdict = JSON.parse(answer.stdout) as { ok: boolean; sources: { app: { problems: readonly Problem[] } } }
  expect(answer.code === 0).toBe(verdict.ok)
  return verdict.sources.app.problems
}

const codes = async (asset: Asset): Promise<string[]> => (await problems(asset)).map(({ code }) => code).sort()

async function listed(asset: Asset): Promise<ReadonlyMap<string, string>> {
  const list = JSON.parse((await asset.tandem('quarantine', 'list', '--json')).stdout) as {
    records: { id: string; collection: string; key: readonly string[] }[]
  }
  return new Map(list.records.map(({ id, collection, key }) => [`${collection} ${key.join()}`, id]))
}

const count = async (asset: Asset, table: string): Promise<number> => (await asset.database.rows(table)).length

/** Machine b's database takes no user of over `age`; a has two of 30 and 40, and an order of the first. */
function refusing(
  engine: Engine,
  age: number,
  work: (assets: TwoAssets, told: string) => Promise<void>,
): Promise<void> {
  return withEmptyAssets(engine, SHOP, async (assets) => {
    const { a, b } = assets
    await b.database.run('DROP TABLE orders', 'DROP TABLE users', users(`, CHECK (age < ${age})`), ORDERS)
    await firstExport(a)
    await b.git('pull', '-q')
    await work(assets, (await b.tandem('init', '--yes')).text)
  })
}

describe.each(engines)('$name, a database that refuses every record', (engine) => {
  test('is empty in verify, status and doctor, and nobody says SUCCESS', () =>
    refusing(engine, 10, async ({ a, b }, told) => {
      expect(told).not.toContain('SUCCESS')
      expect(told).toMatch(/PARTIAL: .*3 records in quarantine/)
      const [full, empty] = [await a.digest(), await b.digest()]
      expect([empty.records, empty.ok, empty.live === full.live]).toEqual([0, false, false])
      expect(await codes(b)).toEqual(['withheld', 'withheld', 'withheld'])
      expect((await problems(b))[0]?.message).toMatch(/tandem apply.*tandem quarantine drop [0-9a-f]{8}/)
      const status = await b.tandem('status')
      expect(status.text).not.toContain('in-sync')
      expect(status.text).toMatch(/in quarantine 3.*refused by this database 3/)
      const doctor = await b.tandem('doctor')
      expect([doctor.code, doctor.text]).toEqual([1, expect.stringContaining('this database refuses')])
    }))

  test('stays different when the list is emptied where the records are, which says so', () =>
    refusing(engine, 10, async ({ a, b }) => {
      await b.git('push')
      await a.git('pull')
      const there = await listed(a)
      const [order, ...people] = ['orders o1', 'users u1', 'users u2'].map((name) => there.get(name) ?? '')
      expect(people).toHaveLength(2)
      expect((await a.tandem('quarantine', 'drop', ...people)).text).toContain('does not end the difference')
      expect((await a.tandem('quarantine', 'accept', order ?? '')).text).toContain('does not end the difference')
      expect((await a.tandem('quarantine', 'list')).text).toContain('nothing is in quarantine')
      await exchange({ a, b })
      expect([await count(a, 'users'), await count(b, 'users')]).toEqual([2, 0])
      expect(await codes(b)).toEqual(['withheld', 'withheld', 'withheld'])
      expect((await listed(b)).size).toBe(3)
    }))

  test('is what all machines hold once its records were dropped there, children with their parents', () =>
    refusing(engine, 10, async ({ a, b }) => {
      const names = await listed(b)
      const alone = await b.tandem('quarantine', 'drop', names.get('users u1') ?? '')
      expect([alone.code, alone.text]).toEqual([2, expect.stringContaining('orders ["o1"] refers to users ["u1"]')])
      const dropped = await b.tandem('quarantine', 'drop', ...names.values())
      expect(dropped.text.match(/the next push deletes the record on every machine/g)).toHaveLength(3)
      expect(await codes(b)).toEqual(['unpushed', 'unpushed'])
      await exchange({ a: b, b: a })
      expect([await count(a, 'users'), await count(a, 'orders')]).toEqual([0, 0])
      expect(await disagreements({ a, b })).toEqual([])
    }))
})

test('a record that a database keeps in place of a refused one goes to every machine when the refused one is dropped there', () =>
  refusing(sqlite, 100, async ({ a, b }) => {
    await a.database.change('users', { id: 'u1' }, { age: 500, name: 'Eins' })
    await a.git('push')
    expect((await b.git('pull')).text).toContain('1 record in quarantine')
    expect(await codes(b)).toEqual(['withheld'])
    await b.database.change('users', { id: 'u2' }, { name: 'Zwei' })
    expect(await codes(b)).toEqual(['unpushed', 'withheld'])
    const id = (await listed(b)).get('users u1') ?? ''
    expect((await b.tandem('quarantine', 'drop', id, '--dry-run')).text).toContain('would be dropped')
    expect(await codes(b)).toEqual(['unpushed', 'withheld'])
    expect((await b.tandem('quarantine', 'drop', id)).text).toContain('carries what this database has instead')
    await exchange({ a: b, b: a })
    expect((await a.database.rows('users')).map(({ age, name }) => `${age} ${name}`)).toEqual(['30 One', '40 Zwei'])
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('a refused record that gets another key leaves its old one on every machine; where it is in place it gets none', () =>
  withEmptyAssets(sqlite, SHOP, async ({ a, b }) => {
    await b.database.run('DROP TABLE orders', 'DROP TABLE users', users(", CHECK (id <> 'u9')"), ORDERS)
    await firstExport(a)
    await b.git('pull', '-q')
    await b.tandem('init', '--yes')
    await a.database.insert('users', [{ id: 'u9', name: 'Nine', age: 9 }])
    await exchange({ a, b })
    const id = (await listed(b)).get('users u9') ?? ''
    const there = await a.tandem('quarantine', 'rekey', id, '--key', '["u3"]')
    expect([there.code, there.text]).toEqual([2, expect.stringContaining('another database refuses it')])
    expect((await b.tandem('quarantine', 'rekey', id, '--key', '["u3"]')).code).toBe(0)
    await exchange({ a: b, b: a })
    expect((await a.database.rows('users')).map((row) => row['id'])).toEqual(['u1', 'u2', 'u3'])
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('what nobody has pushed or applied yet is told from what differs', () =>
  refusing(sqlite, 100, async ({ a, b }) => {
    await a.database.change('users', { id: 'u1' }, { name: 'Eins' })
    await a.git('push')
    await b.database.insert('users', [{ id: 'u3', name: 'Three', age: 3 }])
    await b.git('pull')
    expect(await problems(b)).toEqual([{ code: 'unpushed', message: 'users: 1 record is yours, not yet pushed' }])
    await b.git('push')
    expect(await problems(b)).toEqual([])
    await a.start('git', ['pull'], { TANDEM_SKIP: '1' })
    await a.database.change('users', { id: 'u2' }, { name: 'Zwei' })
    expect((await problems(a)).map(({ message }) => message)).toEqual([
      'users: 1 record is yours, not yet pushed',
      "users: 1 record is HEAD's, not yet applied here; tandem apply",
    ])
    await a.database.run('DROP TABLE orders')
    expect(await codes(a)).toContain('missing')
  }))
