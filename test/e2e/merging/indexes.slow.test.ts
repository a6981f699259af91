/** Tables beside which the database keeps something by triggers: a search on the second machine finds what came from the first, and the application's own next write works on both. */
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Row } from '../../support/live-database.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const NOTES = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT UNIQUE, body TEXT, x REAL)'

const FTS5 = [
  NOTES,
  `CREATE VIRTUAL TABLE idx USING fts5(title, body, content='notes', content_rowid='id')`,
  `CREATE TRIGGER notes_ai AFTER INSERT ON notes BEGIN
     INSERT INTO idx(rowid, title, body) VALUES (new.id, new.title, new.body); END`,
  `CREATE TRIGGER notes_ad AFTER DELETE ON notes BEGIN
     INSERT INTO idx(idx, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); END`,
  `CREATE TRIGGER notes_au AFTER UPDATE ON notes BEGIN
     INSERT INTO idx(idx, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
     INSERT INTO idx(rowid, title, body) VALUES (new.id, new.title, new.body); END`,
]

const FTS4 = [
  NOTES,
  `CREATE VIRTUAL TABLE idx USING fts4(content="notes", title, body)`,
  'CREATE TRIGGER notes_bu BEFORE UPDATE ON notes BEGIN DELETE FROM idx WHERE docid = old.id; END',
  'CREATE TRIGGER notes_bd BEFORE DELETE ON notes BEGIN DELETE FROM idx WHERE docid = old.id; END',
  `CREATE TRIGGER notes_au AFTER UPDATE ON notes BEGIN
     INSERT INTO idx(docid, title, body) VALUES (new.id, new.title, new.body); END`,
  `CREATE TRIGGER notes_ai AFTER INSERT ON notes BEGIN
     INSERT INTO idx(docid, title, body) VALUES (new.id, new.title, new.body); END`,
]

const OWN_TEXT = [
  NOTES,
  'CREATE VIRTUAL TABLE idx USING fts5(title, body)',
  'CREATE TRIGGER notes_ai AFTER INSERT ON notes WHEN new.x IS NULL OR new.x >= 0 BEGIN INSERT INTO idx(rowid, title, body) VALUES (new.id, new.title, new.body); END',
  'CREATE TRIGGER notes_ad AFTER DELETE ON notes BEGIN DELETE FROM idx WHERE rowid = old.id; END',
  `CREATE TRIGGER notes_au AFTER UPDATE ON notes BEGIN
     UPDATE idx SET title = new.title, body = new.body WHERE rowid = new.id; END`,
]

const found = async ({ database }: Asset, word: string): Promise<readonly Row[]> =>
  database.run(`SELECT rowid AS id FROM idx WHERE idx MATCH '${word}' ORDER BY rowid`)

describe.each([
  {
    kind: 'FTS5 over the table’s text',
    tables: FTS5,
    whole: `INSERT INTO idx(idx, rank) VALUES ('integrity-check', 1)`,
  },
  { kind: 'FTS4 over the table’s text', tables: FTS4, whole: `INSERT INTO idx(idx) VALUES ('integrity-check')` },
  { kind: 'FTS5 with its own text', tables: OWN_TEXT, whole: `INSERT INTO idx(idx) VALUES ('integrity-check')` },
])('SQLite with a full-text index: $kind', ({ tables, whole }) => {
  const records = {
    notes: [1, 2, 3, 4].map((id) => ({ id, title: `title ${id}`, body: `start${id}` })),
  }

  test('what was added, changed, deleted and swapped elsewhere is found, and the next writes work', () =>
    betweenTwo(sqlite, { tables, records, collections: {} }, async (assets) => {
      const { a, b } = assets
      expect(await found(b, 'start2')).toEqual([{ id: '2' }])
      await a.database.insert('notes', [{ id: 5, title: 'fifth', body: 'added' }])
      await a.database.change('notes', { id: 1 }, { body: 'changed' })
      await a.database.remove('notes', { id: 2 })
      await a.database.run(
        `UPDATE notes SET title = 'between' WHERE id = 3`,
        `UPDATE notes SET title = 'title 3' WHERE id = 4`,
        `UPDATE notes SET title = 'title 4' WHERE id = 3`,
      )
      await b.database.insert('notes', [{ id: 9, title: 'ninth', body: 'local' }])
      await exchange(assets)
      for (const asset of [a, b]) {
        expect(await found(asset, 'added')).toEqual([{ id: '5' }])
        expect(await found(asset, 'changed')).toEqual([{ id: '1' }])
        expect(await found(asset, 'local')).toEqual([{ id: '9' }])
        expect(await found(asset, 'start1')).toEqual([])
        expect(await found(asset, 'start2')).toEqual([])
        expect(await found(asset, 'start3')).toEqual([{ id: '3' }])
        expect(await found(asset, 'title')).toEqual([{ id: '1' }, { id: '3' }, { id: '4' }])
        await asset.database.run(whole)
      }
      await b.database.change('notes', { id: 5 }, { body: 'later' })
      await b.database.remove('notes', { id: 1 })
      expect(await found(b, 'later')).toEqual([{ id: '5' }])
      await exchange(assets)
      expect(await found(a, 'later')).toEqual([{ id: '5' }])
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }))
})

test('an index that did not fit its table before is made anew by the next apply', () =>
  betweenTwo(
    sqlite,
    { tables: FTS5, records: { notes: [{ id: 1, body: 'first' }] }, collections: {} },
    async (assets) => {
      const { a, b } = assets
      // as an earlier tandem, or a program without the trigger, left it
      await b.database.run(`INSERT INTO idx(idx) VALUES ('delete-all')`)
      await a.database.change('notes', { id: 1 }, { body: 'second' })
      await exchange(assets)
      expect(await found(b, 'second')).toEqual([{ id: '1' }])
      await b.database.run(`INSERT INTO idx(idx, rank) VALUES ('integrity-check', 1)`)
    },
  ))

test('an index over the table’s text without triggers is made anew where it fitted', () =>
  betweenTwo(sqlite, { tables: FTS5.slice(0, 2), collections: {} }, async (assets) => {
    const { a, b } = assets
    await a.database.insert('notes', [{ id: 1, body: 'first' }])
    await exchange(assets)
    expect(await found(b, 'first')).toEqual([{ id: '1' }])
  }))

test('an R*Tree follows, also where its trigger replaces', () => {
  const tables = [
    'CREATE TABLE place (id INTEGER PRIMARY KEY, x REAL)',
    'CREATE VIRTUAL TABLE idx USING rtree(id, x0, x1)',
    'CREATE TRIGGER place_ai AFTER INSERT ON place BEGIN INSERT OR REPLACE INTO idx VALUES (new.id, new.x, new.x); END',
    'CREATE TRIGGER place_au AFTER UPDATE OF x ON place BEGIN INSERT OR REPLACE INTO idx VALUES (new.id, new.x, new.x); END',
    'CREATE TRIGGER place_ad AFTER DELETE ON place BEGIN DELETE FROM idx WHERE id = old.id; END',
  ]
  const records = { place: [1, 2, 3].map((id) => ({ id, x: id })) }
  return betweenTwo(sqlite, { tables, records, collections: {} }, async (assets) => {
    const { a, b } = assets
    await a.database.change('place', { id: 1 }, { x: 10 })
    await a.database.remove('place', { id: 2 })
    await exchange(assets)
    expect(await b.database.run('SELECT id, x0 FROM idx ORDER BY id')).toEqual([
      { id: '1', x0: '10' },
      { id: '3', x0: '3' },
    ])
    await b.database.change('place', { id: 1 }, { x: 11 })
    expect(await b.database.run('SELECT id FROM idx WHERE x0 > 10')).toEqual([{ id: '1' }])
  })
})

describe('a trigger that counts in another table', () => {
  const tables = [
    'CREATE TABLE author (id INTEGER PRIMARY KEY, posts INTEGER)',
    'CREATE TABLE post (id INTEGER PRIMARY KEY, author INTEGER)',
    'CREATE TABLE tally (n INTEGER)',
    'INSERT INTO tally VALUES (0)',
    'CREATE TRIGGER post_count AFTER INSERT ON post BEGIN UPDATE author SET posts = posts + 1 WHERE id = new.author; END',
    'CREATE TRIGGER post_tally AFTER INSERT ON post BEGIN UPDATE tally SET n = n + 1; END',
  ]
  const records = { author: [{ id: 1, posts: 0 }] }
  const options = { tables, records, exclude: ['tally'] }

  test('does not count a second time, runs where it is named, and init tells both', () => {
    const collections = { author: { counters: ['posts'] }, post: { triggers: ['post_tally'] } }
    return betweenTwo(sqlite, { ...options, collections }, async (assets) => {
      const { a, b } = assets
      await a.database.insert('post', [{ id: 1, author: 1 }])
      await b.database.insert('post', [{ id: 2, author: 1 }])
      await exchange(assets)
      for (const { database } of [a, b]) {
        expect(await database.rows('author')).toEqual([{ id: '1', posts: '2' }])
        expect(await database.rows('tally')).toEqual([{ n: '2' }])
      }
      const said = (await b.tandem('init', '--yes')).text
      expect(said).toMatch(/trigger post_count of post writes author: .*not run/)
      expect(said).toMatch(/trigger post_tally of post writes tally: .*runs/)
    })
  })

  test('a name that no trigger has is an error that says so', () =>
    betweenTwo(sqlite, { ...options, collections: { post: { triggers: ['post_tale'] } } }, async ({ a, b }) => {
      await a.database.insert('post', [{ id: 1, author: 1 }])
      await a.git('push')
      expect((await b.git('pull')).text).toContain('post has no trigger post_tale')
    }))
})

describe('PostgreSQL with a column that a trigger fills', () => {
  const engine = postgres(inject('postgres'))
  const film = (fill: readonly string[]): string[] => [
    'CREATE TABLE film (id int PRIMARY KEY, title text, description text, fulltext tsvector NOT NULL, last_update timestamptz)',
    ...fill,
    `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN NEW.last_update := clock_timestamp(); RETURN NEW; END $$`,
    'CREATE TRIGGER touch BEFORE UPDATE ON film FOR EACH ROW EXECUTE FUNCTION touch()',
  ]
  const own = `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.fulltext := to_tsvector('pg_catalog.english', concat_ws(' ', NEW.title, NEW.description)); RETURN NEW; END $$`

  test.each([
    {
      how: 'by PostgreSQL’s own function',
      fill: [
        `CREATE TRIGGER film_fulltext BEFORE INSERT OR UPDATE ON film FOR EACH ROW
           EXECUTE FUNCTION tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title', 'description')`,
      ],
    },
    {
      how: 'by a function of its own',
      fill: [own, 'CREATE TRIGGER film_fulltext BEFORE INSERT OR UPDATE ON film FOR EACH ROW EXECUTE FUNCTION fill()'],
    },
  ])('$how and is derived: the other machine gets its rows, and after a merge the column fits', ({ fill }) =>
    betweenTwo(engine, { tables: film(fill), collections: { film: { derived: ['fulltext'] } } }, async (assets) => {
      const { a, b } = assets
      expect((await b.tandem('init', '--yes')).text).toMatch(/trigger film_fulltext of film computes fulltext: it runs/)
      const last_update = new Date('2024-01-01T00:00:00Z')
      await a.database.insert('film', [{ id: 1, title: 'Academy', description: 'A drama', last_update }])
      await exchange(assets)
      const [row] = await b.database.rows('film')
      expect(row).toEqual((await a.database.rows('film'))[0])
      expect(row?.['fulltext']).toMatch(/academi.*drama/)
      await a.database.change('film', { id: 1 }, { title: 'Airport' })
      await b.database.change('film', { id: 1 }, { description: 'A comedy' })
      await exchange(assets)
      for (const { database } of [a, b]) {
        expect(
          await database.run(`SELECT title, description FROM film WHERE fulltext @@ to_tsquery('airport & comedi')`),
        ).toEqual([{ title: 'Airport', description: 'A comedy' }])
      }
      const stamp = 'SELECT last_update FROM film'
      expect(await b.database.run(stamp)).toEqual(await a.database.run(stamp))
      await b.database.change('film', { id: 1 }, { title: 'Alone' })
      await exchange(assets)
      expect(await a.database.run(`SELECT id FROM film WHERE fulltext @@ to_tsquery('alon & !airport')`)).toEqual([
        { id: '1' },
      ])
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
      const modes = `SELECT tgname AS name, tgenabled AS mode FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`
      expect(await b.database.run(modes)).toEqual([
        { name: 'film_fulltext', mode: 'O' },
        { name: 'touch', mode: 'O' },
      ])
    }),
  )
})
