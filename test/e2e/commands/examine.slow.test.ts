/** What init says of a schema before the first push, and doctor --schema at any time: the worst first, each line with what answers it. */
import { expect, test } from 'vitest'
import { sqlite } from '../../support/live-sqlite.ts'
import { firstExport, withEmptyAssets } from '../../support/two-assets.ts'

const TABLES = [
  'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT NOT NULL, seen TEXT)',
  'CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT)',
  'CREATE TABLE likes (id INTEGER PRIMARY KEY, post INTEGER REFERENCES posts (id))',
  'CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT)',
  'CREATE TABLE log (line TEXT)',
  'CREATE TABLE cards (id BIGINT PRIMARY KEY, front TEXT)',
  'CREATE TABLE counts (what TEXT PRIMARY KEY, n INTEGER)',
  "CREATE TRIGGER counting AFTER INSERT ON cards BEGIN UPDATE counts SET n = n + 1 WHERE what = 'cards'; END",
  "CREATE VIRTUAL TABLE search USING fts5 (title, content='posts', content_rowid='id')",
  'CREATE TRIGGER searching AFTER INSERT ON posts BEGIN INSERT INTO search (rowid, title) VALUES (new.id, new.title); END',
]

const RECORDS = {
  users: [{ id: 1, name: 'Ann', password: 'x', seen: 'Fri, 02 Jan 2026 03:04:05 GMT' }],
  posts: [{ id: 1, user_id: 1, title: 'one' }],
  likes: [{ id: 1, post: 1 }],
  settings: [
    { key: 'theme', value: 'dark' },
    { key: 'api.token', value: 's3cret' },
  ],
}

const EXPECTED = [
  /settings holds api\.token, which looks like a credential, in value/,
  /users\.password is required and stays at home/,
  /trigger counting of cards writes counts: not run when records are applied: what it writes arrives as records of counts/,
  /likes: 1 record refers by post to records that posts does not have/,
  /posts\.user_id seems to refer to users/,
  /users\.seen is "Fri, 02 Jan 2026 03:04:05 GMT", in no form of time that tandem reads/,
  /cards\.id is a number that the database does not hand out/,
]

test('a schema with a fault of each kind is told the worst first, with the entries to paste, and no value of a secret', () =>
  withEmptyAssets(
    sqlite,
    { tables: TABLES, records: RECORDS, collections: { users: { newest: 'seen' } } },
    async ({ a }) => {
      await a.database.run('PRAGMA foreign_keys = OFF', 'UPDATE likes SET post = 77')
      const { code, text } = await a.tandem('init')
      expect(code).toBe(0)
      const found = text.split('\n').filter((line) => line.startsWith('  look: '))
      expect(found).toEqual(EXPECTED.map((line) => expect.stringMatching(line)))
      expect(text).toContain('paste: "exclude": ["settings"]')
      expect(text).toContain('paste: "collections": {"users": {"omit":["!password"]}}')
      expect(text).toContain('paste: "collections": {"posts": {"references":{"user_id":"users"}}}')
      expect(text).toContain('paste: "collections": {"cards": {"triggers":["counting"]}}')
      expect(text).toContain('paste: "collections": {"cards": {"identity":["FIELD"]}}')
      expect(text).toContain(
        '  trigger searching of posts writes search: an index of the database, so it runs when records are applied\n',
      )
      expect(text).not.toContain('s3cret')
      const doctor = await a.tandem('doctor', '--schema', '--json')
      const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; message: string }[] }
      const said = checks.filter(({ name }) => name === 'app: schema').map(({ message }) => message)
      expect(said).toEqual(EXPECTED.map((line) => expect.stringMatching(line)))
    },
  ))

test('what the pasted entries answer is not said again, and a sound schema is sound', () =>
  withEmptyAssets(
    sqlite,
    {
      tables: TABLES,
      records: { ...RECORDS, users: [{ ...RECORDS.users[0], seen: '2026-01-02' }] },
      collections: {
        users: { omit: ['!password'] },
        posts: { references: { user_id: 'users' } },
        cards: { identity: ['front'], triggers: ['counting'] },
      },
      exclude: ['settings', 'log'],
    },
    async ({ a }) => {
      expect((await a.tandem('init')).text).not.toContain('look:')
      await firstExport(a)
      expect((await a.tandem('doctor', '--schema')).text).toContain('ok    app: schema: nothing in it')
    },
  ))
