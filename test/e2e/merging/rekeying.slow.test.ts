/** Records that two or three machines gave the same numbers, with all that refers to them: every child ends under its own parent, on every machine. */
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { belongings, expectedBelongings, openShop, shopTables } from '../../support/chinook.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { thirdAsset } from '../../support/third-asset.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const engines = [sqlite, postgres(inject('postgres'))]

/** Pushes; somebody was faster, so it pulls and pushes again: the collision is between two commits. */
async function pushFirst(asset: Asset): Promise<void> {
  const answer = await asset.try('push')
  expect(answer.code).not.toBe(0)
  await asset.git('pull', '--no-edit')
  await asset.git('push')
}

/** Adds one more shop where it is, without telling anybody: numbers have to go on behind all that came in. */
async function openAnother(asset: Asset): Promise<string[]> {
  const before = await belongings(asset.database)
  await openShop(asset, 'late')
  const after = await belongings(asset.database)
  return after.filter((fact) => !before.includes(fact))
}

describe.each(engines)('$name', (engine) => {
  const tables = shopTables(engine)

  test('three machines that opened a shop each all have the three, with every child under its own parent', async () => {
    await betweenTwo(engine, { tables, collections: {} }, async (assets) => {
      const { a, b } = assets
      const c = await thirdAsset(assets, engine, tables)
      try {
        await openShop(a, 'red')
        await openShop(b, 'blue')
        await openShop(c, 'green')
        await a.git('push')
        // the collision is between a commit and what nobody has committed
        await b.git('pull', '--no-edit')
        await b.git('push')
        await pushFirst(c)
        for (const asset of [b, a]) await asset.git('pull', '--no-edit')
        for (const { database } of [a, b, c])
          expect(await belongings(database)).toEqual(expectedBelongings(['red', 'blue', 'green']))
        expect(await disagreements({ a, b: c })).toEqual([])
        expect(await disagreements({ a, b })).toEqual([])
        expect(await chatter({ a, b: c })).toEqual([])
        for (const asset of [a, b, c]) expect(await openAnother(asset)).toEqual(expectedBelongings(['late']))
      } finally {
        await c.database.drop()
      }
    })
  })
  test('rows that both machines added to a table between two others stay with their own parents, and the counts are right', async () => {
    const serial = engine.name === 'SQLite' ? 'INTEGER PRIMARY KEY AUTOINCREMENT' : 'SERIAL PRIMARY KEY'
    const linked = [
      `CREATE TABLE film (id ${serial}, title TEXT)`,
      `CREATE TABLE actor (id ${serial}, name TEXT)`,
      'CREATE TABLE film_actor (film_id INTEGER REFERENCES film (id), actor_id INTEGER REFERENCES actor (id), PRIMARY KEY (film_id, actor_id))',
    ]
    await betweenTwo(engine, { tables: linked, collections: {} }, async (assets) => {
      const { a, b } = assets
      for (const { name, database } of [a, b]) {
        await database.insert('film', [{ title: `film of ${name}` }])
        await database.insert('actor', [{ name: `actor of ${name}` }])
        await database.insert('film_actor', [{ film_id: 1, actor_id: 1 }])
      }
      await a.git('push')
      const pulled = await b.git('pull', '--no-edit')
      expect(pulled.text).not.toMatch(/planned|nothing was applied|failed/)
      expect(pulled.text).toMatch(/applied/)
      await b.git('push')
      await a.git('pull', '--no-edit')
      for (const { database } of [a, b])
        expect(
          await database.run(
            'SELECT title, name FROM film_actor JOIN film ON film.id = film_id JOIN actor ON actor.id = actor_id ORDER BY title',
          ),
        ).toEqual(['a', 'b'].map((name) => ({ title: `film of ${name}`, name: `actor of ${name}` })))
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    })
  })
})

test('a record that a third machine had pulled before it lost its number is still one: the number that its own machine gives is followed', async () => {
  const tables = [
    'CREATE TABLE artist (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)',
    'CREATE TABLE album (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, artist_id INTEGER REFERENCES artist (id))',
  ]
  const open = async ({ database }: Asset, name: string): Promise<void> => {
    await database.insert('artist', [{ name }])
    await database.insert('album', [{ title: 'Greatest Hits', artist_id: 1 }])
  }
  await betweenTwo(sqlite, { tables, collections: {} }, async (assets) => {
    const { a, b } = assets
    const c = await thirdAsset(assets, sqlite, tables)
    await open(a, 'red')
    await a.tandem('export', '--commit')
    await open(b, 'blue')
    await b.git('push')
    await c.git('pull', '--no-edit')
    await c.database.insert('album', [{ title: 'known to c', artist_id: 1 }])
    await a.git('pull', '--no-edit')
    await a.git('push')
    await b.git('pull', '--no-edit')
    await b.git('push')
    await c.git('pull', '--no-edit')
    await c.git('push')
    for (const asset of [a, b]) await asset.git('pull', '--no-edit')
    for (const { database } of [a, b, c])
      expect(
        await database.run('SELECT name, title FROM album JOIN artist ON artist.id = artist_id ORDER BY name, title'),
      ).toEqual([
        { name: 'blue', title: 'Greatest Hits' },
        { name: 'blue', title: 'known to c' },
        { name: 'red', title: 'Greatest Hits' },
      ])
    expect(await disagreements({ a, b: c })).toEqual([])
  })
})

describe.each(['push', 'pull'] as const)(
  'two machines gave one record a number of their own, and the second goes on with a %s',
  (first) => {
    const tables = [
      'CREATE TABLE note (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT)',
      'CREATE TABLE page (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, note_id INTEGER REFERENCES note (id))',
      'CREATE TABLE draft (id INTEGER PRIMARY KEY, note_id INTEGER REFERENCES note (id))',
    ]

    test('it is one record again, under the number that was committed first, with all that refers to either', async () => {
      await betweenTwo(sqlite, { tables, collections: {}, exclude: ['draft'] }, async (assets) => {
        const { a, b } = assets
        const c = await thirdAsset(assets, sqlite, tables)
        await a.database.insert('note', [{ body: 'red' }])
        await a.tandem('export', '--commit')
        await b.database.insert('note', [{ body: 'blue' }])
        await b.git('push')
        await c.git('pull', '--no-edit')
        await c.database.insert('note', [{ body: 'green' }])
        await a.git('pull', '--no-edit')
        await a.git('push')
        for (const asset of [b, c]) {
          await asset.git('pull', '--no-edit')
          const [note] = await asset.database.run("SELECT id FROM note WHERE body = 'blue'")
          await asset.database.insert('page', [{ body: asset.name, note_id: note?.['id'] ?? null }])
          await asset.database.insert('draft', [{ note_id: note?.['id'] ?? null }])
        }
        await b.git('push')
        if (first === 'push') await pushFirst(c)
        else await c.git('pull', '--no-edit')
        for (const asset of [c, b, a]) await asset.tandem('sync')
        for (const asset of [a, b, c]) await asset.tandem('sync')
        for (const { database } of [a, b, c]) {
          expect(await database.run('SELECT body FROM note ORDER BY body')).toEqual([
            { body: 'blue' },
            { body: 'green' },
            { body: 'red' },
          ])
          expect(
            await database.run(
              'SELECT page.body, note.body AS note FROM page JOIN note ON note.id = note_id ORDER BY 1',
            ),
          ).toEqual([
            { body: 'b', note: 'blue' },
            { body: 'c', note: 'blue' },
          ])
        }
        for (const { database } of [b, c])
          expect(await database.run('SELECT body FROM draft JOIN note ON note.id = note_id')).toEqual([
            { body: 'blue' },
          ])
        expect(await disagreements({ a, b: c })).toEqual([])
        expect(await disagreements({ a, b })).toEqual([])
      })
    })
  },
)
