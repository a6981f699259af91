/** The world in SQLite. */
import type { Asset } from '../../support/asset.ts'
import { SQLITE } from '../simulator/real/machines.ts'
import type { Worlds } from './run.ts'
import { COLLECTIONS, fill, type SchemaWorld } from './world.ts'

/** Owners are called the same in any spelling, and pets name theirs in whatever spelling. Nobody enforces what `sights.spot` refers to, and some refer to nothing. */
const TABLES = [
  'CREATE TABLE owners (name TEXT COLLATE NOCASE PRIMARY KEY, what TEXT, note TEXT)',
  'CREATE TABLE pets (id TEXT PRIMARY KEY, owner TEXT COLLATE NOCASE REFERENCES owners (name), what TEXT, note TEXT)',
  'CREATE TABLE spots (id INTEGER PRIMARY KEY, what TEXT, note TEXT)',
  'CREATE TABLE sights (id INTEGER PRIMARY KEY, spot INTEGER REFERENCES spots (id), what TEXT, note TEXT)',
  'CREATE TABLE pages (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, note TEXT)',
  'CREATE TABLE visits (id INTEGER PRIMARY KEY, page_id INTEGER, what TEXT, note TEXT)',
  'CREATE TABLE tags (id INTEGER PRIMARY KEY, what TEXT, note TEXT)',
  'CREATE TABLE page_tags (page_id INTEGER REFERENCES pages (id), tag_id INTEGER REFERENCES tags (id), what TEXT, note TEXT, PRIMARY KEY (page_id, tag_id))',
  'CREATE TABLE cards (id TEXT PRIMARY KEY, pos INTEGER NOT NULL UNIQUE, what TEXT, note TEXT)',
  'CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, note TEXT, password TEXT NOT NULL)',
  'CREATE TABLE goods (id TEXT PRIMARY KEY, price INTEGER, what TEXT, note TEXT)',
]

const UNCHECKED = 'PRAGMA foreign_keys = OFF'

/** Where SQLite gives the number of a deleted last row to the next one. */
const REUSED = ['spots', 'sights', 'visits', 'tags']

/** Such a number is taken again after an export only: before, nothing tells the new row from an edit of the old one (docs/keys.md, Weak points). */
async function numberFor(asset: Asset, table: string): Promise<number | undefined> {
  if (!REUSED.includes(table)) return undefined
  const [live] = await asset.database.run(`SELECT max(id) AS last FROM ${table}`)
  const { stdout } = await asset.try('show', `HEAD:exports/app/${table}/records.jsonl`)
  const exported = [...stdout.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id))
  return Math.max(Number(live?.['last'] ?? 0), ...exported) + 1
}

const WORLD: SchemaWorld = {
  databases: SQLITE,
  tables: TABLES,
  collections: COLLECTIONS,
  unchecked: UNCHECKED,
  fill: (first) => fill(first, UNCHECKED),
  // for another type SQLite has the table made anew
  migrations: [
    ['ALTER TABLE goods ADD COLUMN stock INTEGER DEFAULT 5'],
    ["ALTER TABLE goods ADD COLUMN label TEXT NOT NULL DEFAULT 'none'"],
    [
      'BEGIN',
      "CREATE TABLE goods_new (id TEXT PRIMARY KEY, price REAL, what TEXT, note TEXT, stock INTEGER DEFAULT 5, label TEXT NOT NULL DEFAULT 'none')",
      'INSERT INTO goods_new SELECT id, price, what, note, stock, label FROM goods',
      'DROP TABLE goods',
      'ALTER TABLE goods_new RENAME TO goods',
      'COMMIT',
    ],
  ],
  numberFor,
  orphans: async (database) => {
    const loose = await database.run('PRAGMA foreign_key_check')
    return loose.filter(({ table }) => table !== 'sights').map((each) => JSON.stringify(each))
  },
}

export const SQLITE_WORLDS: Worlds = { 2: WORLD, 3: WORLD }
