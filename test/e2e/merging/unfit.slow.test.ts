/** One table or record that a machine cannot take is held by name, and everything else goes on. */
import { expect, inject, test } from 'vitest'
import { exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, withEmptyAssets } from '../../support/two-assets.ts'

/** As Anki's decks and tags: only the program knows the collation. */
const toUnicase = (asset: Asset): Promise<unknown> =>
  asset.database.run(
    'PRAGMA writable_schema = ON',
    `UPDATE sqlite_master SET sql = replace(sql, 'nocase', 'unicase') WHERE name IN ('decks', 'tags')`,
  )

test('SQLite: tables with a collation of the application are left out by name, and the rest of the source travels', () =>
  withEmptyAssets(
    sqlite,
    {
      tables: [
        'CREATE TABLE decks (id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE nocase)',
        'CREATE UNIQUE INDEX decks_name ON decks (name)',
        'CREATE TABLE tags (tag TEXT PRIMARY KEY COLLATE nocase, usn INTEGER) WITHOUT ROWID',
        'CREATE TABLE options (deck INTEGER PRIMARY KEY REFERENCES decks, text TEXT)',
        'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)',
      ],
      records: { notes: [{ id: 1, text: 'one' }], decks: [{ id: 1, name: 'A' }] },
      collections: {},
    },
    async ({ a, b }) => {
      await toUnicase(a)
      await toUnicase(b)
      const { code, text } = await a.tandem('init', '--yes')
      expect(code).toBe(0)
      expect(text).toMatch(/left out: decks \(.*no such collation sequence: unicase/)
      expect(text).toMatch(/left out: tags \(.*unicase/)
      expect(text).toContain('left out: options (refers to decks, which is left out)')
      await a.git('push', '-q', '-u', 'origin', 'main')
      await b.git('pull', '-q')
      await b.tandem('init', '--yes')
      expect(await b.database.rows('notes')).toEqual([{ id: '1', text: 'one' }])
      await b.database.insert('notes', [{ id: 2, text: 'two' }])
      await exchange({ a: b, b: a })
      expect(await a.database.rows('notes')).toHaveLength(2)
      expect((await a.tandem('status')).text).not.toContain('held')
    },
  ))

test('SQLite: a table that the exports have is held where only the application can use it', () =>
  betweenTwo(
    sqlite,
    {
      tables: [
        'CREATE TABLE decks (id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE nocase)',
        'CREATE UNIQUE INDEX decks_name ON decks (name)',
        'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)',
      ],
      records: { decks: [{ id: 1, name: 'A' }], notes: [{ id: 1, text: 'one' }] },
      collections: {},
    },
    async ({ a, b }) => {
      await toUnicase(b)
      await a.database.insert('decks', [{ id: 2, name: 'B' }])
      await a.database.insert('notes', [{ id: 2, text: 'two' }])
      await a.git('push')
      expect((await b.git('pull')).text).toMatch(/app\/decks is held.*no such collation sequence: unicase/)
      expect(await b.database.rows('notes')).toHaveLength(2)
      await b.commit('code.txt', 'two\n')
      await b.git('push')
      expect((await b.git('ls-files', 'exports/app')).stdout).toContain('decks/records.jsonl')
    },
  ))

const latin = postgres(inject('postgres'), ['UTF8', 'LATIN1'])

test('PostgreSQL: records that the other database’s encoding cannot hold are withheld by name, the others arrive', () =>
  betweenTwo(
    latin,
    {
      tables: ['CREATE TABLE notes (id text PRIMARY KEY, text text)'],
      records: { notes: [{ id: 'a', text: 'ä' }] },
      collections: {},
    },
    async ({ a, b }) => {
      await a.database.insert('notes', [
        { id: 'b', text: 'a snowman ☃' },
        { id: 'c', text: 'plain é' },
        { id: 'd', text: '日本' },
        { id: '☃', text: 'in the key' },
      ])
      await a.git('push')
      await b.git('pull')
      const { text } = await b.tandem('quarantine', 'list')
      expect(text.split('\n').filter((line) => line.includes('encoding LATIN1'))).toHaveLength(3)
      expect(await b.database.run('SELECT id FROM notes ORDER BY id')).toEqual([{ id: 'a' }, { id: 'c' }])
      await b.database.insert('notes', [{ id: 'e', text: 'from LATIN1: ß' }])
      await exchange({ a: b, b: a })
      expect(await a.database.run(`SELECT text FROM notes WHERE id = 'e'`)).toEqual([{ text: 'from LATIN1: ß' }])
      expect(await a.database.run('SELECT id FROM notes')).toHaveLength(6)
    },
  ))
