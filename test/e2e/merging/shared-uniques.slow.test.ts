/** Unique keys that `collection.json` does not tell of: where all machines have one, one record wins on all of them; where one machine has it, the others keep both. */
import { expect, inject, test } from 'vitest'
import { chatter, disagreements, quarantined, settle } from '../../support/agreement.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const [OLDER, NEWER] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z']

/** What is otherwise than that record b won in each of these tables on both machines, and a stands in quarantine. */
async function unsettled(assets: TwoAssets, tables: readonly string[], key = 'id'): Promise<string[]> {
  const wrong = await chatter(assets)
  for (const asset of [assets.a, assets.b]) {
    const aside = await quarantined(asset)
    for (const table of tables) {
      const keys = (await asset.database.rows(table)).map((row) => row[key]).join()
      if (keys !== 'b') wrong.push(`${asset.name}: ${table} holds ${keys}`)
      if (!aside.includes(`${table} a`)) wrong.push(`${asset.name}: ${table} a is not in quarantine`)
    }
  }
  return wrong
}

test('SQLite: expressions, conditions and generated columns, written in other words on each machine', () => {
  const tables = [
    'CREATE TABLE expression (id TEXT PRIMARY KEY, email TEXT, updated_at TEXT)',
    'CREATE TABLE generated (id TEXT PRIMARY KEY, email TEXT, plain TEXT AS (lower(email)) UNIQUE, updated_at TEXT)',
    'CREATE TABLE partial (id TEXT PRIMARY KEY, place INTEGER, gone INTEGER, updated_at TEXT)',
  ]
  return betweenTwo(sqlite, { tables }, async (assets) => {
    const { a, b } = assets
    await a.database.run(
      'CREATE UNIQUE INDEX e ON expression (lower(email))',
      'CREATE UNIQUE INDEX p ON partial (place) WHERE gone IS NULL',
      `INSERT INTO expression VALUES ('a', 'Ann@x', '${OLDER}')`,
      `INSERT INTO generated (id, email, updated_at) VALUES ('a', 'Ann@x', '${OLDER}')`,
      `INSERT INTO partial VALUES ('a', 1, NULL, '${OLDER}')`,
    )
    await b.database.run(
      'CREATE UNIQUE INDEX other_name ON expression(LOWER( "email" ) ASC)',
      'CREATE UNIQUE INDEX another ON "partial" ([place])\n  where Gone is null -- only those that are there',
      `INSERT INTO expression VALUES ('b', 'ann@X', '${NEWER}')`,
      `INSERT INTO generated (id, email, updated_at) VALUES ('b', 'ann@X', '${NEWER}')`,
      `INSERT INTO partial VALUES ('b', 1, NULL, '${NEWER}')`,
    )
    await settle(assets)
    expect(await unsettled(assets, ['expression', 'generated', 'partial'])).toEqual([])
  })
})

test('SQLite: what was there before goes back to its former value', () => {
  const tables = [
    'CREATE TABLE cards (id TEXT PRIMARY KEY, title TEXT, updated_at TEXT)',
    'CREATE UNIQUE INDEX titles ON cards (lower(title))',
  ]
  const cards = ['a', 'b'].map((id) => ({ id, title: `card ${id}`, updated_at: OLDER }))
  return betweenTwo(sqlite, { tables, records: { cards } }, async (assets) => {
    const { a, b } = assets
    await b.database.change('cards', { id: 'b' }, { updated_at: '2026-01-02T00:00:00Z' })
    await settle({ a: b, b: a })
    await a.database.change('cards', { id: 'a' }, { title: 'Todo', updated_at: '2026-01-03T00:00:00Z' })
    await b.database.change('cards', { id: 'b' }, { title: 'TODO', updated_at: NEWER })
    await settle(assets)
    for (const { database } of [a, b])
      expect((await database.rows('cards')).map(({ title }) => title)).toEqual(['card a', 'TODO'])
    expect(await quarantined(a)).toEqual([])
    expect(await disagreements(assets)).toEqual([])
  })
})

test('PostgreSQL: expressions, conditions, generated columns, NULLS NOT DISTINCT', () => {
  const tables = [
    'CREATE TABLE expression (id text PRIMARY KEY, email text, updated_at timestamptz)',
    'CREATE TABLE generated (id text PRIMARY KEY, email text, plain text GENERATED ALWAYS AS (lower(email)) STORED UNIQUE, updated_at timestamptz)',
    'CREATE TABLE partial (id text PRIMARY KEY, place int, gone bool NOT NULL, updated_at timestamptz)',
    'CREATE TABLE together (id text PRIMARY KEY, place int, updated_at timestamptz, UNIQUE NULLS NOT DISTINCT (place))',
  ]
  return betweenTwo(postgres(inject('postgres')), { tables }, async (assets) => {
    const { a, b } = assets
    const fill = (id: string, email: string, at: string): string[] => [
      `INSERT INTO expression VALUES ('${id}', '${email}', '${at}')`,
      `INSERT INTO generated (id, email, updated_at) VALUES ('${id}', '${email}', '${at}')`,
      `INSERT INTO partial VALUES ('${id}', 1, false, '${at}')`,
      `INSERT INTO together VALUES ('${id}', NULL, '${at}')`,
    ]
    await a.database.run(
      'CREATE UNIQUE INDEX e ON expression (lower(email))',
      'CREATE UNIQUE INDEX p ON partial (place) WHERE NOT gone',
      ...fill('a', 'Ann@x', OLDER),
    )
    await b.database.run(
      'CREATE UNIQUE INDEX other_name ON expression (LOWER(email::text) DESC)',
      'CREATE UNIQUE INDEX another ON partial (place) WHERE (NOT gone)',
      ...fill('b', 'ann@X', NEWER),
    )
    await settle(assets)
    expect(await unsettled(assets, ['expression', 'generated', 'partial', 'together'])).toEqual([])
  })
})

test.each(inject('mongodb').slice(0, 1))('MongoDB ($name): partial and sparse indexes', (server) => {
  const index = (collection: string, name: string, options: string): string =>
    `{"createIndexes":"${collection}","indexes":[{"key":{"n":1},"name":"${name}","unique":true,${options}}]}`
  const tables = ['{"create":"partial"}', '{"create":"sparse"}']
  return betweenTwo(mongodb(server), { tables }, async (assets) => {
    const { a, b } = assets
    const fill = (id: string, at: string): string[] =>
      ['partial', 'sparse'].map(
        (into) => `{"insert":"${into}","documents":[{"_id":"${id}","n":1,"on":true,"updated_at":"${at}"}]}`,
      )
    for (const [asset, name] of [
      [a, 'one'],
      [b, 'two'],
    ] as const)
      await asset.database.run(
        index('partial', name, '"partialFilterExpression":{"on":true}'),
        index('sparse', name, '"sparse":true'),
      )
    await a.database.run(...fill('a', OLDER))
    await b.database.run(...fill('b', NEWER))
    await settle(assets)
    expect(await unsettled(assets, ['partial', 'sparse'], '_id')).toEqual([])
  })
})

test('the other machine lacks the key: nobody takes its record', () => {
  const tables = ['CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, updated_at TEXT)']
  return betweenTwo(sqlite, { tables }, async (assets) => {
    const { a, b } = assets
    await b.database.run(`INSERT INTO users VALUES ('first', 'first@x', '${OLDER}')`)
    await settle({ a: b, b: a })
    await a.database.run(
      'CREATE UNIQUE INDEX e ON users (lower(email))',
      `INSERT INTO users VALUES ('a', 'Ann@x', '${OLDER}')`,
    )
    await b.database.run(`INSERT INTO users VALUES ('b', 'ann@X', '${NEWER}')`)
    await settle(assets)
    expect((await b.database.rows('users')).map(({ id }) => id)).toEqual(['a', 'b', 'first'])
    expect((await a.database.rows('users')).map(({ id }) => id)).toEqual(['a', 'first'])
  })
})
