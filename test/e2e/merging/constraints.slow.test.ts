/** Each machine's records keep every constraint; what both make together may not. After push and pull both hold the same, and every loser is in a report or set aside. */
import { expect, test } from 'vitest'
import { chatter, disagreements, exchange, quarantined } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const USERS =
  'CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE, name TEXT NOT NULL, age INTEGER, updated_at TEXT)'
const ORDERS = 'CREATE TABLE orders (id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id), amount INTEGER)'

const SHOP = {
  tables: [USERS, ORDERS],
  records: {
    users: [
      { id: 'u1', email: 'one@x', name: 'One', age: 1, updated_at: '2026-01-01T00:00:00Z' },
      { id: 'u2', email: 'two@x', name: 'Two', age: 2, updated_at: '2026-01-01T00:00:00Z' },
    ],
    orders: [{ id: 'o1', user_id: 'u1', amount: 10 }],
  },
}

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, SHOP, work)

interface Told {
  readonly collection: string
  readonly key: readonly unknown[]
  readonly kind: string
  readonly rule: string
  readonly field?: string
  readonly ours?: unknown
  readonly theirs?: unknown
}

/** Every decision of every report of a machine. */
async function decisions(asset: Asset): Promise<Told[]> {
  const list = JSON.parse((await asset.tandem('report', 'list', '--json')).stdout) as { reports: { name: string }[] }
  const told: Told[] = []
  for (const { name } of list.reports) {
    const report = JSON.parse((await asset.tandem('report', 'show', name, '--json')).stdout) as { decisions: Told[] }
    told.push(...report.decisions)
  }
  return told
}

/** What is wrong between two machines, but for what stands in quarantine. */
async function quarantineApart({ a, b }: Pick<TwoAssets, 'a' | 'b'>): Promise<unknown[]> {
  const digests = [await a.digest(), await b.digest()].flatMap(({ live, exports }) => [live, exports])
  const verdict = await a.tandem('verify', '--json')
  const problems = (JSON.parse(verdict.stdout) as Verdict).sources['app'].problems
  return [
    ...digests.slice(1).filter((each) => each !== digests[0]),
    ...problems.filter(({ code }) => code !== 'quarantine'),
  ]
}

interface Verdict {
  readonly sources: Readonly<Record<'app', { readonly problems: readonly { readonly code: string }[] }>>
}

const column = async (asset: Asset, table: string, name: string): Promise<(string | null | undefined)[]> =>
  (await asset.database.rows(table)).map((row) => row[name])

test('one e-mail under two keys: the newer record stays, the other is told and set aside whole; a record that was there before only loses its new e-mail', () =>
  between(async ({ a, b }) => {
    await a.database.insert('users', [
      { id: 'u3', email: 'same@x', name: 'A' },
      { id: 'u6', email: 'new@x', name: 'C' },
    ])
    await b.database.change('users', { id: 'u2' }, { email: 'new@x', name: 'Deux', updated_at: '2020-01-01T00:00:00Z' })
    await b.tandem('export', '--commit')
    await b.database.insert('users', [{ id: 'u4', email: 'same@x', name: 'B' }])
    await b.database.insert('orders', [{ id: 'o2', user_id: 'u4', amount: 5 }])
    await exchange({ a, b })
    await a.git('push')
    expect(await column(a, 'users', 'email')).toEqual(['one@x', 'two@x', 'same@x', 'new@x'])
    expect(await column(a, 'users', 'name')).toEqual(['One', 'Deux', 'B', 'C'])
    expect(await column(a, 'orders', 'id')).toEqual(['o1', 'o2'])
    expect(await quarantineApart({ a, b })).toEqual([])
    expect([await quarantined(a), await quarantined(b)]).toEqual([['users u3'], ['users u3']])
    const told = [...(await decisions(a)), ...(await decisions(b))].filter(({ kind }) => kind === 'constraint')
    expect(told).toContainEqual(expect.objectContaining({ collection: 'users', key: ['u3'], rule: 'newest' }))
    expect(told).toContainEqual(expect.objectContaining({ key: ['u2'], field: 'email', rule: 'newest' }))
  }))

test('what both had committed is united by git, and each machine by itself makes the same of it: one e-mail, and a parent that a child needs', () =>
  between(async ({ a, b }) => {
    await a.database.insert('users', [{ id: 'u3', email: 'same@x', name: 'A' }])
    await a.database.insert('orders', [{ id: 'o2', user_id: 'u2', amount: 5 }])
    await b.database.insert('users', [{ id: 'u4', email: 'same@x', name: 'B' }])
    await b.database.remove('users', { id: 'u2' })
    await a.tandem('export', '--commit')
    await b.tandem('export', '--commit')
    await a.git('push')
    await b.git('pull', '--no-edit')
    // a takes in the united lines before b has published what it made of them
    await b.git('push', '--no-verify')
    await a.git('pull', '--no-edit')
    for (const asset of [a, b]) {
      expect(await column(asset, 'users', 'id')).toEqual(['u1', 'u2', 'u4'])
      expect(await column(asset, 'orders', 'id')).toEqual(['o1', 'o2'])
    }
    await exchange({ a, b })
    await exchange({ a, b })
    expect(await quarantineApart({ a, b })).toEqual([])
    expect([await quarantined(a), await quarantined(b)]).toEqual([['users u3'], ['users u3']])
    expect(await chatter({ a, b })).toEqual([])
  }))

const BOARD = {
  tables: ['CREATE TABLE cards (id TEXT PRIMARY KEY, pos INTEGER NOT NULL UNIQUE, text TEXT)'],
  records: { cards: [0, 1, 2, 3].map((pos) => ({ id: `c${pos}`, pos, text: '' })) },
}

test.each(['before', 'after'] as const)(
  'a card that one machine deleted and a merge brought back stays, though its place is the one that another has to go back to; the other machine takes it in %s that is decided',
  (when) =>
    betweenTwo(sqlite, BOARD, async ({ a, b }) => {
      await a.database.remove('cards', { id: 'c1' })
      await a.git('push')
      await b.database.run(
        "UPDATE cards SET pos = -1 WHERE id = 'c1'",
        "UPDATE cards SET pos = 1 WHERE id = 'c2'",
        "UPDATE cards SET pos = 2 WHERE id = 'c1'",
      )
      await b.git('pull', '--no-edit')
      await b.tandem('export', '--commit')
      await a.database.change('cards', { id: 'c3' }, { pos: 1 })
      await a.git('push')
      await b.git('pull', '--no-edit')
      if (when === 'before') {
        await b.git('push', '--no-verify')
        await a.git('pull', '--no-edit')
      }
      await exchange({ a: b, b: a })
      await exchange({ a, b })
      expect(await column(a, 'cards', 'id')).toEqual(['c0', 'c1', 'c2', 'c3'])
      expect(await column(a, 'cards', 'pos')).toEqual(['0', '2', '1', '3'])
      expect(await disagreements({ a, b })).toEqual([])
      expect([await quarantined(a), await quarantined(b)]).toEqual([[], []])
      const told = [...(await decisions(a)), ...(await decisions(b))].filter(({ kind }) => kind === 'constraint')
      expect(told).toContainEqual(expect.objectContaining({ key: ['c3'], field: 'pos', rule: 'no-place' }))
      expect(await chatter({ a, b })).toEqual([])
    }),
)

const FAMILY = {
  tables: [
    'CREATE TABLE artists (id TEXT PRIMARY KEY, name TEXT)',
    'CREATE TABLE albums (id TEXT PRIMARY KEY, artist TEXT REFERENCES artists (id))',
    'CREATE TABLE tracks (id TEXT PRIMARY KEY, album TEXT REFERENCES albums (id), title TEXT)',
  ],
  records: {
    artists: ['r1', 'r2'].map((id) => ({ id, name: 'Band' })),
    albums: [
      { id: 'l1', artist: 'r1' },
      { id: 'l2', artist: 'r2' },
    ],
  },
}

test('a parent that one machine deletes while the other adds a child is kept, and so are its own parents, whoever pulls', () =>
  betweenTwo(sqlite, FAMILY, async ({ a, b }) => {
    await a.database.run("DELETE FROM albums WHERE id = 'l1'", "DELETE FROM artists WHERE id = 'r1'")
    await b.database.insert('tracks', [{ id: 't1', album: 'l1', title: 'Song' }])
    await b.database.run("DELETE FROM albums WHERE id = 'l2'", "DELETE FROM artists WHERE id = 'r2'")
    await a.database.insert('tracks', [{ id: 't2', album: 'l2', title: 'Song' }])
    await exchange({ a, b })
    await a.git('push')
    for (const table of ['artists', 'albums', 'tracks']) expect(await a.database.rows(table)).toHaveLength(2)
    expect(await disagreements({ a, b })).toEqual([])
    const told = [...(await decisions(a)), ...(await decisions(b))].filter(({ rule }) => rule === 'keep')
    const kept = new Set(told.map(({ collection, key }) => `${collection} ${key.join()}`))
    expect([...kept].sort()).toEqual(['albums l1', 'albums l2', 'artists r1', 'artists r2'])
  }))

test('circular references: each of two records needs the other, and both are put back', () => {
  const tables = [
    'CREATE TABLE teams (id TEXT PRIMARY KEY, lead TEXT REFERENCES people (id), motto TEXT)',
    'CREATE TABLE people (id TEXT PRIMARY KEY, team TEXT REFERENCES teams (id), boss TEXT REFERENCES people (id))',
  ]
  return betweenTwo(sqlite, { tables }, async ({ a, b }) => {
    const loose = 'PRAGMA foreign_keys = OFF'
    await a.database.run(
      loose,
      "INSERT INTO people VALUES ('p1', 't1', 'p1')",
      "INSERT INTO teams VALUES ('t1', 'p1', 'go')",
    )
    await exchange({ a, b })
    await a.database.run(loose, 'DELETE FROM teams', 'DELETE FROM people')
    await b.database.change('teams', { id: 't1' }, { motto: 'stay' })
    await exchange({ a, b })
    await a.git('push')
    expect(await column(a, 'people', 'id')).toEqual(['p1'])
    expect(await column(a, 'teams', 'motto')).toEqual(['stay'])
    expect(await disagreements({ a, b })).toEqual([])
  })
})

/** The table of users again, with more that only this machine's database knows. */
async function remake(asset: Asset, constraint: string): Promise<void> {
  await asset.database.run(
    'PRAGMA foreign_keys = OFF',
    `CREATE TABLE other (id TEXT PRIMARY KEY, email TEXT UNIQUE, name TEXT NOT NULL, age INTEGER, updated_at TEXT${constraint})`,
    'INSERT INTO other SELECT * FROM users',
    'DROP TABLE users',
    'ALTER TABLE other RENAME TO users',
  )
}

test('a CHECK that only one machine has keeps out what breaks it, and nothing else: live keeps its own, exports keep theirs, nobody answers for ever', () =>
  between(async ({ a, b }) => {
    await remake(b, ', CHECK (age < 100)')
    await a.database.change('users', { id: 'u1' }, { age: 500 })
    await a.database.insert('users', [
      { id: 'u3', name: 'Old', age: 200 },
      { id: 'u4', name: 'Young', age: 20 },
    ])
    await a.database.insert('orders', [{ id: 'o2', user_id: 'u3', amount: 1 }])
    await a.git('push')
    const pull = await b.git('pull')
    expect(pull.text).not.toContain('is held')
    expect(await column(b, 'users', 'id')).toEqual(['u1', 'u2', 'u4'])
    expect(await column(b, 'users', 'age')).toEqual(['1', '2', '20'])
    expect(await column(b, 'orders', 'id')).toEqual(['o1'])
    const head = await a.id('HEAD')
    await b.database.change('users', { id: 'u2' }, { name: 'Zwei' })
    await exchange({ a: b, b: a })
    expect(await column(a, 'users', 'age')).toEqual(['500', '2', '200', '20'])
    expect(await column(a, 'users', 'name')).toContain('Zwei')
    expect(await column(a, 'orders', 'id')).toEqual(['o1', 'o2'])
    expect((await a.git('log', '--format=%s', `${head}..HEAD`)).stdout.trim().split('\n')).toHaveLength(1)
    const told = await decisions(b)
    const refused = told.filter(({ rule }) => rule === 'refused').map(({ key }) => key.join())
    expect(refused.toSorted()).toEqual(['o2', 'u1', 'u3'])
    expect(await quarantined(a)).toEqual(['orders o2', 'users u1', 'users u3'])
    expect(await chatter({ a, b })).toEqual([])
    await remake(b, '')
    await b.tandem('apply')
    await exchange({ a: b, b: a })
    expect(await quarantined(a)).toEqual([])
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('a partial unique index that only one machine has keeps one of two records out', () =>
  between(async ({ a, b }) => {
    await b.database.run('CREATE UNIQUE INDEX one_of_an_age ON users (age) WHERE age > 50')
    await b.database.insert('users', [{ id: 'u5', name: 'B', age: 60 }])
    await a.database.insert('users', [
      { id: 'u3', name: 'A', age: 60 },
      { id: 'u4', name: 'C', age: 61 },
    ])
    await exchange({ a, b })
    expect(await column(b, 'users', 'id')).toEqual(['u1', 'u2', 'u4', 'u5'])
    expect(await column(a, 'users', 'id')).toEqual(['u1', 'u2', 'u3', 'u4', 'u5'])
    await b.database.remove('users', { id: 'u5' })
    await b.tandem('apply')
    expect(await column(b, 'users', 'id')).toEqual(['u1', 'u2', 'u3', 'u4'])
    await exchange({ a: b, b: a })
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('a record that both machines changed into something a CHECK refuses is taken whole from the winner, also where git had united their commits', () => {
  const table = 'CREATE TABLE spans (id TEXT PRIMARY KEY, lo INTEGER, hi INTEGER, updated_at TEXT, CHECK (lo <= hi))'
  const spans = ['s1', 's2'].map((id) => ({ id, lo: 1, hi: 9 }))
  return betweenTwo(sqlite, { tables: [table], records: { spans } }, async ({ a, b }) => {
    await a.database.change('spans', { id: 's1' }, { hi: 3 })
    await a.tandem('export', '--commit')
    await b.database.change('spans', { id: 's1' }, { lo: 7 })
    await b.tandem('export', '--commit')
    await a.database.change('spans', { id: 's2' }, { hi: 3 })
    await a.git('push')
    await b.database.change('spans', { id: 's2' }, { lo: 7 })
    await b.git('pull', '--no-edit')
    await exchange({ a, b })
    await exchange({ a, b })
    for (const row of await a.database.rows('spans'))
      expect([
        ['7', '9'],
        ['1', '3'],
      ]).toContainEqual([row['lo'], row['hi']])
    expect(await disagreements({ a, b })).toEqual([])
    expect(await a.database.rows('spans')).toEqual(await b.database.rows('spans'))
    const told = (await decisions(b)).filter(({ kind }) => kind === 'constraint').map(({ key }) => key.join())
    expect(told.toSorted()).toEqual(['s1', 's2'])
  })
})

test('cards of a first export that was amended and published again are not taken for new ones', () => {
  const tables = ['CREATE TABLE cards (id TEXT PRIMARY KEY, pos INTEGER UNIQUE, updated_at TEXT)']
  const cards = [0, 1, 2, 3].map((pos) => ({ id: `c${pos}`, pos, updated_at: '2026-01-01T00:00:00Z' }))
  const place = (asset: Asset, order: readonly string[], at: string): Promise<unknown> =>
    asset.database.run(
      'UPDATE cards SET pos = -1 - pos',
      ...order.map((id, pos) => `UPDATE cards SET pos = ${pos}, updated_at = '${at}' WHERE id = '${id}'`),
    )
  return betweenTwo(sqlite, { tables, records: { cards } }, async ({ a, b }) => {
    await b.commit('code.txt', 'of b')
    const message = (await a.git('log', '-1', '--format=%B')).stdout
    await a.git('commit', '-q', '--amend', '-m', `again: ${message}`)
    await a.git('push', '-q', '--force')
    await place(a, ['c0', 'c2', 'c1', 'c3'], '2026-02-01T00:00:00Z')
    await a.git('push')
    await b.database.remove('cards', { id: 'c1' })
    await place(b, ['c0', 'c3', 'c2'], '2026-03-01T00:00:00Z')
    await b.try('pull', '--no-edit')
    await exchange({ a: b, b: a })
    await exchange({ a, b })
    for (const asset of [a, b]) {
      expect(await column(asset, 'cards', 'id')).toEqual(['c0', 'c1', 'c2', 'c3'])
      expect(await quarantined(asset)).toEqual([])
    }
    expect(await disagreements({ a, b })).toEqual([])
  })
})
