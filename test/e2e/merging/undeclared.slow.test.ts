/** References that nobody declared: nothing is re-keyed on a guess, and what is then declared is followed, on every machine. */
import { describe, expect, inject, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Answer, Asset } from '../../support/asset.ts'
import type { Engine, LiveDatabase, Row } from '../../support/live-database.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, withEmptyAssets } from '../../support/two-assets.ts'

const SQL = [sqlite, postgres(inject('postgres'))]

type References = Readonly<Record<string, { readonly references: Readonly<Record<string, unknown>> }>>

/** The entries that a message says are to be pasted below `collections`. */
function proposedIn({ text }: Answer): References {
  const found = /in the configuration: (.*); "none" instead/.exec(text)?.[1]
  if (found === undefined) throw new Error(`nothing to paste: ${text}`)
  return JSON.parse(`{${found}}`) as References
}

async function paste(asset: Asset, collections: References): Promise<void> {
  const configuration = JSON.parse(await asset.read('tandem.config.json')) as { sources: { app: object } }
  const app = { ...configuration.sources.app, collections }
  await asset.commit('tandem.config.json', JSON.stringify({ ...configuration, sources: { app } }))
}

/** a pushes; b pulls, is held, pastes what it is told and applies; both have all. `committed`: b had exported its records before. */
async function meet(
  { a, b }: { readonly a: Asset; readonly b: Asset },
  { committed = false }: { readonly committed?: boolean } = {},
): Promise<References> {
  await a.git('push', '-q')
  const exported = committed ? (await b.tandem('export', '--commit')).code : 0
  expect(exported).toBe(0)
  const pulled = await b.try('pull', '--no-edit')
  expect(pulled.code).toBe(0)
  // what b adds while it waits must not travel half
  await b.git('push', '-q')
  const proposed = proposedIn(pulled)
  await paste(b, proposed)
  const applied = await b.tandem('apply')
  expect(applied.text).not.toContain('held')
  expect(applied.code).toBe(0)
  await b.git('push', '-q')
  await a.git('pull', '-q', '--no-edit')
  expect(await disagreements({ a, b })).toEqual([])
  return proposed
}

/** Who is whose, told by the database itself. */
async function told(database: LiveDatabase, query: string): Promise<string[]> {
  return (await database.run(query)).map((row: Row) => Object.values(row).join(' ')).sort()
}

function serial(engine: Engine): string {
  return engine.name === 'SQLite' ? 'INTEGER PRIMARY KEY' : 'serial PRIMARY KEY'
}

describe.each(SQL)('$name', (engine) => {
  test('a pull ends where a record that has to follow by a foreign key is referred to without one, and what is declared then is followed', async () => {
    const tables = [
      `CREATE TABLE inventory (id ${serial(engine)}, film TEXT)`,
      `CREATE TABLE rental (id ${serial(engine)}, inventory_id INTEGER REFERENCES inventory, who TEXT)`,
      `CREATE TABLE payment (id ${serial(engine)}, rental_id INTEGER, amount TEXT, quantity INTEGER)`,
    ]
    await betweenTwo(engine, { tables, collections: {} }, async (assets) => {
      for (const { name, database } of [assets.a, assets.b]) {
        await database.run(
          `INSERT INTO inventory (film) VALUES ('${name}')`,
          `INSERT INTO rental (inventory_id, who) VALUES (1, '${name}')`,
          `INSERT INTO payment (rental_id, amount, quantity) VALUES (1, '${name}', 1)`,
        )
      }
      expect(await meet(assets)).toEqual({ payment: { references: { rental_id: 'rental' } } })
      const query =
        'SELECT film, who, amount FROM payment JOIN rental ON rental.id = rental_id JOIN inventory ON inventory.id = inventory_id'
      for (const { database } of [assets.a, assets.b]) expect(await told(database, query)).toEqual(['a a a', 'b b b'])
    })
  })

  test.each([[false], [true]])(
    'places, visits and bookmarks, whose fields are called place_id, fk and parent (committed first: %s)',
    async (committed) => {
      const tables = [
        `CREATE TABLE places (id ${serial(engine)}, url TEXT)`,
        `CREATE TABLE visits (id ${serial(engine)}, place_id INTEGER, from_visit INTEGER, at TEXT)`,
        `CREATE TABLE bookmarks (id ${serial(engine)}, fk INTEGER, parent INTEGER, position INTEGER, title TEXT)`,
      ]
      await betweenTwo(engine, { tables, collections: {} }, async (assets) => {
        for (const { name, database } of [assets.a, assets.b])
          await database.run(
            `INSERT INTO places (url) VALUES ('${name}1'), ('${name}2')`,
            `INSERT INTO visits (place_id, from_visit, at) VALUES (1, NULL, '${name}1'), (2, 1, '${name}2'), (2, 2, 'alike')`,
            `INSERT INTO bookmarks (fk, parent, position, title) VALUES (NULL, NULL, 1, '${name}'), (2, 1, 1, '${name}2'), (1, 1, 2, '${name}1')`,
          )
        expect(await meet(assets, { committed })).toEqual({
          bookmarks: { references: { fk: 'places', parent: 'bookmarks' } },
          visits: { references: { from_visit: 'visits', place_id: 'places' } },
        })
        for (const { database } of [assets.a, assets.b]) {
          expect(
            await told(
              database,
              'SELECT v.at, url, f.at AS origin FROM visits v JOIN places ON places.id = v.place_id LEFT JOIN visits f ON f.id = v.from_visit',
            ),
          ).toEqual(['a1 a1 ', 'a2 a2 a1', 'alike a2 a2', 'alike b2 b2', 'b1 b1 ', 'b2 b2 b1'])
          expect(
            await told(
              database,
              'SELECT b.title, url, p.title AS folder FROM bookmarks b JOIN places ON places.id = b.fk JOIN bookmarks p ON p.id = b.parent',
            ),
          ).toEqual(['a1 a1 a', 'a2 a2 a', 'b1 b1 b', 'b2 b2 b'])
        }
      })
    },
  )

  test('the content types of Django, whose object_id means another table in each row', async () => {
    const tables = [
      'CREATE TABLE content_type (id INTEGER PRIMARY KEY, app_label TEXT, model TEXT)',
      `CREATE TABLE blog_post (id ${serial(engine)}, title TEXT)`,
      `CREATE TABLE blog_photo (id ${serial(engine)}, title TEXT)`,
      `CREATE TABLE tag (id ${serial(engine)}, content_type_id INTEGER REFERENCES content_type, object_id TEXT, word TEXT)`,
    ]
    const records = {
      content_type: [
        { id: 7, app_label: 'blog', model: 'post' },
        { id: 8, app_label: 'blog', model: 'photo' },
      ],
    }
    await betweenTwo(engine, { tables, records, collections: {} }, async (assets) => {
      for (const { name, database } of [assets.a, assets.b])
        await database.run(
          `INSERT INTO blog_post (title) VALUES ('post ${name}')`,
          ...(name === 'b' ? [`INSERT INTO blog_photo (title) VALUES ('photo b')`] : []),
          `INSERT INTO tag (content_type_id, object_id, word) VALUES (7, '1', '${name} on post')`,
          ...(name === 'b' ? [`INSERT INTO tag (content_type_id, object_id, word) VALUES (8, '1', 'b on photo')`] : []),
        )
      const by = { by: 'content_type_id', to: { 7: 'blog_post', 8: 'blog_photo' } }
      expect(await meet(assets)).toEqual({ tag: { references: { object_id: by } } })
      for (const { database } of [assets.a, assets.b])
        expect(
          await told(
            database,
            `SELECT word, title FROM tag JOIN blog_post ON content_type_id = 7 AND CAST(blog_post.id AS TEXT) = object_id
             UNION ALL SELECT word, title FROM tag JOIN blog_photo ON content_type_id = 8 AND CAST(blog_photo.id AS TEXT) = object_id`,
          ),
        ).toEqual(['a on post post a', 'b on photo photo b', 'b on post post b'])
    })
  })

  test('a misspelt collection in the configuration declares nothing, and "none" lets the record go', async () => {
    const tables = [
      `CREATE TABLE artist (id ${serial(engine)}, name TEXT)`,
      'CREATE TABLE note (id TEXT PRIMARY KEY, artist_id INTEGER)',
    ]
    await betweenTwo(
      engine,
      { tables, collections: { note: { references: { artist_id: 'artits' } } } },
      async ({ a, b }) => {
        for (const { name, database } of [a, b])
          await database.run(`INSERT INTO artist (name) VALUES ('${name}')`, `INSERT INTO note VALUES ('${name}', 1)`)
        await a.git('push', '-q')
        expect((await b.git('pull', '--no-edit')).text).toContain('note.artist_id seems to refer to it')
        await paste(b, { note: { references: { artist_id: 'none' } } })
        expect((await b.tandem('apply')).code).toBe(0)
        expect(await told(b.database, 'SELECT name FROM artist')).toEqual(['a', 'b'])
        expect(await told(b.database, 'SELECT id, artist_id FROM note')).toEqual(['a 1', 'b 1'])
      },
    )
  })
})

test('init proposes from the data what seems to be a reference, and what is configured then is proposed no more', async () => {
  const tables = [
    'CREATE TABLE places (id INTEGER PRIMARY KEY, url TEXT)',
    'CREATE TABLE bookmarks (id INTEGER PRIMARY KEY, fk INTEGER, parent INTEGER, position INTEGER)',
  ]
  const records = {
    places: [
      { id: 1, url: 'a' },
      { id: 2, url: 'b' },
      { id: 3, url: 'c' },
      { id: 4, url: 'd' },
    ],
    bookmarks: [
      { id: 1, fk: null, parent: null, position: 1 },
      { id: 2, fk: 4, parent: 1, position: 1 },
      { id: 3, fk: 3, parent: 1, position: 2 },
    ],
  }
  await withEmptyAssets(sqlite, { tables, records, collections: {} }, async ({ a }) => {
    const said = (await a.tandem('init', '--yes')).text
    const line = /^ *("bookmarks": .*)$/m.exec(said)?.[1]
    expect(said).toContain('sources.app.collections')
    const proposed = JSON.parse(`{${line}}`) as References
    expect(proposed).toEqual({ bookmarks: { references: { fk: 'places', parent: 'bookmarks' } } })
    await paste(a, proposed)
    expect((await a.tandem('init', '--yes')).text).not.toContain('no foreign key says so')
  })
})

test('PostgreSQL: foreign keys on the partitions of a table are followed without a word', async () => {
  const tables = [
    'CREATE TABLE rental (id serial PRIMARY KEY, who text)',
    'CREATE TABLE payment (id serial, rental_id int, amount numeric(5,2), at date, PRIMARY KEY (at, id)) PARTITION BY RANGE (at)',
    ...['01', '02'].flatMap((month) => [
      `CREATE TABLE payment_${month} PARTITION OF payment FOR VALUES FROM ('2024-${month}-01') TO ('2024-${month}-28')`,
      `ALTER TABLE payment_${month} ADD FOREIGN KEY (rental_id) REFERENCES rental`,
    ]),
  ]
  await betweenTwo(postgres(inject('postgres')), { tables, collections: {} }, async ({ a, b }) => {
    for (const { name, database } of [a, b])
      await database.run(
        `INSERT INTO rental (who) VALUES ('${name}')`,
        `INSERT INTO payment (rental_id, amount, at) VALUES (1, ${name === 'a' ? 1 : 99}, '2024-01-${name === 'a' ? 5 : 6}'), (1, ${name === 'a' ? 2 : 98}, '2024-02-${name === 'a' ? 5 : 6}')`,
      )
    await a.git('push', '-q')
    await b.git('pull', '-q', '--no-edit')
    await b.git('push', '-q')
    await a.git('pull', '-q', '--no-edit')
    for (const { database } of [a, b])
      expect(await told(database, 'SELECT who, amount FROM payment JOIN rental ON rental.id = rental_id')).toEqual([
        'a 1.00',
        'a 2.00',
        'b 98.00',
        'b 99.00',
      ])
    expect(await disagreements({ a, b })).toEqual([])
  })
})

describe.each(inject('mongodb'))('MongoDB ($name)', (server) => {
  test('documents that both machines added under keys of their own become one where nobody refers to the key that goes', async () => {
    const engine = mongodb(server)
    const tables = ['{"create":"users"}', '{"create":"visits"}']
    const collections = { users: { identity: ['email'] } }
    await betweenTwo(engine, { tables, collections }, async ({ a, b }) => {
      for (const { name, database } of [a, b]) {
        await database.insert('users', [{ _id: `user-of-${name}`, email: 'ann@example.org' }])
        await database.insert('visits', [{ _id: `visit-of-${name}`, user: `user-of-${name}` }])
      }
      await a.git('push', '-q')
      const pulled = await b.git('pull', '--no-edit')
      const proposed = proposedIn(pulled)
      expect(proposed).toEqual({ visits: { references: { user: 'users' } } })
      await paste(b, { ...collections, ...proposed } as unknown as References)
      expect((await b.tandem('apply')).code).toBe(0)
      await b.git('push', '-q')
      await a.git('pull', '-q', '--no-edit')
      for (const { database } of [a, b]) {
        const users = (await database.rows('users')).map((row) => row['_id'])
        expect(users).toHaveLength(1)
        expect((await database.rows('visits')).map((row) => row['user'])).toEqual([users[0], users[0]])
      }
    })
  })

  test('numbers that both machines gave to different documents stay where they are until one gets another by hand', async () => {
    const engine = mongodb(server)
    const tables = ['{"create":"users"}', '{"create":"visits"}']
    const collections = { users: { identity: ['email'] } }
    await betweenTwo(engine, { tables, collections }, async ({ a, b }) => {
      for (const { name, database } of [a, b]) {
        await database.insert('users', [{ _id: 1, email: `${name}@example.org` }])
        await database.insert('visits', [{ _id: `visit-of-${name}`, user: 1 }])
      }
      await a.git('push', '-q')
      const pulled = await b.git('pull', '--no-edit')
      await paste(b, { ...collections, ...proposedIn(pulled) } as unknown as References)
      expect((await b.tandem('apply')).text).toContain('give one of them another key by hand')
      await b.database.remove('users', { _id: 1 })
      await b.database.insert('users', [{ _id: 2, email: 'b@example.org' }])
      await b.database.change('visits', { _id: 'visit-of-b' }, { user: 2 })
      expect((await b.tandem('apply')).code).toBe(0)
      await b.git('push', '-q')
      await a.git('pull', '-q', '--no-edit')
      for (const { database } of [a, b]) {
        const users = new Map((await database.rows('users')).map((row) => [row['_id'], row['email']]))
        const whose = (await database.rows('visits')).map((row) => `${row['_id']} ${users.get(row['user'] ?? '')}`)
        expect(whose.sort()).toEqual(['visit-of-a a@example.org', 'visit-of-b b@example.org'])
      }
    })
  })
})
