/** Empty machines: `tandem init --create-schema` makes the tables that the exports have, and what somebody wrote into an export never becomes SQL but as a quoted name or literal. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, firstExport, withEmptyAssets } from '../../support/two-assets.ts'

const pg = postgres(inject('postgres'))

/** Artists have albums, albums tracks, employees a superior: serial keys everywhere, a table without, one that refers to itself. */
const MUSIC = [
  'CREATE TABLE artists (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)',
  'CREATE TABLE albums (id INTEGER PRIMARY KEY, artist INTEGER NOT NULL REFERENCES artists (id), title TEXT)',
  'CREATE TABLE tracks (album INTEGER NOT NULL REFERENCES albums (id), place INT NOT NULL, price NUMERIC, PRIMARY KEY (album, place))',
  'CREATE TABLE staff (id INTEGER PRIMARY KEY, superior INTEGER REFERENCES staff (id), photo BLOB)',
  'CREATE TABLE tags (code INT PRIMARY KEY, anything)',
]

describe('tandem init --create-schema', () => {
  test('makes an SQLite file with tables, keys, unique keys and references, and joins with all records', () =>
    withEmptyAssets(sqlite, { tables: MUSIC, collections: {} }, async ({ a, b }) => {
      await a.database.run(
        `INSERT INTO artists VALUES (1, 'AC/DC'), (2, 'Accept')`,
        `INSERT INTO albums VALUES (4, 1, 'Let There Be Rock')`,
        'INSERT INTO tracks VALUES (4, 1, 0.99)',
        `INSERT INTO staff VALUES (1, NULL, x'00'), (2, 1, NULL)`,
        `INSERT INTO tags VALUES (3, 'x')`,
      )
      await firstExport(a)
      await b.git('pull', '-q')
      const file = path.join(b.root, 'data/app.db')
      await rm(path.dirname(file), { recursive: true })
      expect((await b.tandem('init', '--yes')).text).toContain('tandem init --create-schema')
      const dry = await b.tandem('init', '--create-schema', '--dry-run', '--json')
      const { schema } = JSON.parse(dry.stdout) as { schema: { app: { statements: string[] } } }
      expect(schema.app.statements).toHaveLength(5)
      expect(existsSync(file)).toBe(false)
      expect((await b.tandem('init', '--create-schema')).code).toBe(5)
      expect(existsSync(file)).toBe(false)
      const done = await b.tandem('init', '--create-schema', '--yes')
      expect([done.code, done.text]).toEqual([
        0,
        expect.stringContaining('FOREIGN KEY ("superior") REFERENCES "staff" ("id")'),
      ])
      expect(await disagreements({ a, b })).toEqual([])
      await b.database.run(`INSERT INTO artists (name) VALUES ('Motorhead')`)
      expect(await b.database.rows('artists')).toContainEqual({ id: '3', name: 'Motorhead' })
      await exchange({ a: b, b: a })
      expect(await disagreements({ a, b })).toEqual([])
      expect((await b.tandem('init', '--create-schema', '--yes')).text).not.toContain('CREATE TABLE')
    }))

  test('makes PostgreSQL schemas, enumerations, identity columns and references in a circle', () =>
    withEmptyAssets(pg, { tables: [], collections: {} }, async ({ a, b }) => {
      await a.database.run(
        'CREATE SCHEMA hr',
        `CREATE TYPE hr.mood AS ENUM ('good', 'it''s bad')`,
        'CREATE TABLE hr.teams (id serial PRIMARY KEY, name varchar(30) NOT NULL UNIQUE)',
        'CREATE TABLE hr.people (id bigserial PRIMARY KEY, team int NOT NULL REFERENCES hr.teams (id), moods hr.mood[], since timestamp(3), pay numeric(10,2)[], bits bit(3), data bytea)',
        'ALTER TABLE hr.teams ADD COLUMN lead bigint REFERENCES hr.people (id)',
        'CREATE TABLE pairs (a uuid, b "char", span interval day to second(2), PRIMARY KEY (a, b))',
      )
      await a.database.run(
        `INSERT INTO hr.teams (name) VALUES ('one')`,
        `INSERT INTO hr.people (team, moods, since, pay, bits, data) VALUES (1, '{good,"it''s bad"}', '2026-01-02 03:04:05.678', '{1.5}', B'101', '\\x00ff')`,
        'UPDATE hr.teams SET lead = 1',
        `INSERT INTO pairs VALUES ('00000000-0000-0000-0000-000000000001', 'x', '1 day 2.5 s')`,
      )
      await firstExport(a)
      await b.git('pull', '-q')
      const done = await b.tandem('init', '--create-schema', '--yes')
      expect([done.code, done.text]).toEqual([0, expect.stringContaining('CREATE SCHEMA IF NOT EXISTS "hr"')])
      expect(await disagreements({ a, b })).toEqual([])
      const added = await b.database.run(`INSERT INTO hr.people (team) VALUES (1) RETURNING id::text`)
      expect(added).toEqual([{ id: '2' }])
      await exchange({ a: b, b: a })
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test.each(inject('mongodb').slice(0, 1))('makes collections with their unique keys on $name', (server) =>
    withEmptyAssets(mongodb(server), { tables: [], collections: {} }, async ({ a, b }) => {
      await a.database.insert('traders', [{ _id: 'x', name: 'Ann' }])
      await a.database.run('{"createIndexes":"traders","indexes":[{"key":{"name":1},"name":"n","unique":true}]}')
      await firstExport(a)
      await b.git('pull', '-q')
      const done = await b.tandem('init', '--create-schema', '--yes')
      expect([done.code, done.text]).toEqual([0, expect.stringContaining('createIndex({"name": 1}, {unique: true})')])
      expect(await disagreements({ a, b })).toEqual([])
      await expect(b.database.insert('traders', [{ _id: 'y', name: 'Ann' }])).rejects.toThrow(/duplicate|E11000/)
    }),
  )
})

interface Fields {
  readonly name: string
  readonly type: string
  readonly required?: true
}

/** Writes an empty export by hand, as somebody with the right to push could. */
async function forge(asset: Asset, folder: string, collection: string, fields: readonly Fields[]): Promise<void> {
  const key = [(fields[0] as Fields).name]
  const file = { format: 1, source: 'app', collection, key, order: 'sorted', layout: 'single' }
  const header = { format: 1, source: 'app', collection, key, order: 'sorted', layout: 'single', bucket: 'records' }
  const text = JSON.stringify({ ...file, fields, uniques: [], references: [] }, undefined, 2)
  await asset.write(`exports/app/${folder}/collection.json`, `${text}\n`)
  await asset.write(`exports/app/${folder}/records.jsonl`, `${JSON.stringify(header)}\n`)
}

describe('a hostile collection.json', () => {
  const DROP = `text); DROP TABLE orders; --`
  const tables = ['CREATE TABLE orders (id text PRIMARY KEY, title text)']
  const records = { orders: [{ id: '1', title: 'one' }] }

  test.each([
    ['SQLite', sqlite],
    ['PostgreSQL', pg],
  ] as const)('never gets more than names and literals into the statements of %s', (_, engine) =>
    betweenTwo(engine, { tables, records, collections: {} }, async ({ a, b }) => {
      const name = `x" text); DROP TABLE orders; --`
      await forge(a, 'typed', 'typed', [{ name: 'id', type: DROP }])
      await forge(a, 'named', 'named', [{ name, type: 'text', required: true }])
      await forge(a, 'hidden', 'hidden', [{ name: 'id\u202e', type: 'text', required: true }])
      await forge(a, 'sqlite_x', 'sqlite_x', [{ name: 'id', type: 'text' }])
      await forge(a, 'pg_catalog%2Ex', 'pg_catalog.x', [{ name: 'id', type: 'text', required: true }])
      await forge(a, 'labels', 'labels', [{ name: 'id', type: `enum("a'); DROP TABLE orders; --")`, required: true }])
      await a.git('add', '-A')
      await a.git('commit', '-q', '-m', 'harmless')
      await a.git('push', '--no-verify', '-q')
      await b.git('pull')
      const applied = await b.tandem('apply', '--apply-schema', '--yes', '--json')
      const { schema } = JSON.parse(applied.stdout) as {
        schema: { app: { statements: string[]; refused: Record<string, string> } }
      }
      const refused = Object.keys(schema.app.refused)
      expect(refused).toEqual(
        expect.arrayContaining(['typed', 'hidden', engine === sqlite ? 'sqlite_x' : 'pg_catalog.x']),
      )
      expect(schema.app.statements.join('\n')).toContain(
        '"x"" text); DROP TABLE orders; --" text'.replace(/text$/, engine === sqlite ? 'TEXT' : 'text'),
      )
      expect(await b.database.rows('orders')).toHaveLength(1)
      expect(await b.database.run(`SELECT count(*) AS n FROM named`)).toEqual([{ n: '0' }])
      const labels = engine === pg ? await b.database.run('SELECT enumlabel AS l FROM pg_enum') : []
      expect(labels).toEqual(engine === pg ? [{ l: `a'); DROP TABLE orders; --` }] : [])
    }),
  )
})
