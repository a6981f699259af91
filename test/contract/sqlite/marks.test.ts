/** What SQLite's pages tell of the rows written since an earlier moment: never too few, and nothing at all where they cannot. */
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { randomOf } from '../../trials/simulator/random.ts'
import { markOf, readSince } from '../marked.ts'
import { type Scene, withFile } from './scene.ts'

const ROWS = 900

const numbers = (from: number, to: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})`

/** Of every shape that a table can have, with rows that need pages of their own. */
const TABLES = [
  'CREATE TABLE numbered (id INTEGER PRIMARY KEY, v TEXT, n INT)',
  'CREATE TABLE named (k TEXT PRIMARY KEY, v BLOB, rowid, n INT)',
  'CREATE TABLE bare (k TEXT PRIMARY KEY, v TEXT, n INT) WITHOUT ROWID',
  `CREATE TABLE hidden (rowid TEXT PRIMARY KEY, "_rowid_", oid, v TEXT, n INT)`,
  `${numbers(1, ROWS)} INSERT INTO numbered SELECT i * 3 - 1000, 'v' || i, i FROM n`,
  `${numbers(1, ROWS)} INSERT INTO named SELECT 'key ' || i, zeroblob(iif(i % 50, 20, 3000)), i, i FROM n`,
  `${numbers(1, ROWS)} INSERT INTO bare SELECT 'key ' || i, hex(zeroblob(iif(i % 50, 20, 3000))), i FROM n`,
  `${numbers(1, ROWS)} INSERT INTO hidden SELECT 'key ' || i, i, i, 'v', i FROM n`,
]

const NAMES = ['bare', 'hidden', 'named', 'numbered']

const DEEDS: readonly ((n: number) => readonly string[])[] = [
  (n) => NAMES.map((name) => `UPDATE ${name} SET v = 'w${n}' WHERE n BETWEEN ${n} AND ${n + 2}`),
  (n) => [`UPDATE named SET v = zeroblob(${n * 7}) WHERE n = ${n}`, `UPDATE bare SET v = hex(v) WHERE n = ${n}`],
  (n) => [`UPDATE named SET v = CAST(replace(hex(v), '00', 'ab') AS BLOB) WHERE n = ${n - (n % 50)}`],
  (n) => [
    `INSERT OR IGNORE INTO numbered VALUES (${n * 3 - 999}, 'new', ${n}), (-9000000000000000000 + ${n}, 'far', ${n})`,
  ],
  (n) => [`INSERT OR IGNORE INTO named (k, v, n) VALUES ('fresh ${n}', 'x', ${n})`],
  (n) => NAMES.map((name) => `DELETE FROM ${name} WHERE n BETWEEN ${n} AND ${n + 20}`),
  (n) => [`UPDATE numbered SET id = id + 1 WHERE n = ${n}`, `UPDATE OR IGNORE named SET k = k || '!' WHERE n = ${n}`],
  (n) => [`BEGIN; UPDATE numbered SET v = 'never' WHERE n = ${n}; ROLLBACK`],
  (n) => [`UPDATE numbered SET n = NULL WHERE n = ${n}`, `UPDATE numbered SET n = ${n} WHERE n IS NULL`],
  () => ['VACUUM'],
  (n) => [`PRAGMA journal_mode = ${['WAL', 'DELETE', 'TRUNCATE', 'PERSIST'][n % 4]}`],
  () => ['PRAGMA incremental_vacuum', 'PRAGMA wal_checkpoint(TRUNCATE)'],
  (n) => [`ALTER TABLE numbered ADD COLUMN c${n} INT DEFAULT ${n}`],
]

async function since(
  { adapter }: Scene,
  mark: Awaited<ReturnType<typeof markOf>>,
  name = 'numbered',
): Promise<number | 'all'> {
  return readSince(adapter, name, mark)
}

test.each([
  ['rollback journal, pages of 512 bytes', ['PRAGMA page_size = 512']],
  ['WAL, automatic vacuum', ['PRAGMA page_size = 1024', 'PRAGMA auto_vacuum = FULL', 'PRAGMA journal_mode = WAL']],
  ['UTF-16, incremental vacuum', [`PRAGMA encoding = 'UTF-16le'`, 'PRAGMA auto_vacuum = INCREMENTAL']],
])('random histories, backups put back: %s', (_title, pragmas) =>
  withFile(
    TABLES,
    async (scene) => {
      const { file, adapter } = scene
      const random = randomOf(11)
      const marks = new Map<string, Awaited<ReturnType<typeof markOf>>[]>()
      let told = 0
      for (let round = 0; round < 20; round++) {
        const name = random.pick(NAMES)
        marks.set(name, [...(marks.get(name) ?? []), await markOf(adapter, name)].slice(-2))
        if (round % 8 === 1) file.run([`VACUUM INTO '${file.path}-copy-${round}'`])
        attempt(scene, random.pick(DEEDS)(random.integer(1, ROWS)))
        if (round % 8 === 6) putBack(scene, `${file.path}-copy-${round - 5}`)
        for (const [each, kept] of marks)
          for (const mark of kept) if ((await readSince(adapter, each, mark)) !== 'all') told++
      }
      expect(told).toBeGreaterThan(20)
    },
    pragmas,
  ),
)

/** A closed connection keeps its locks until its statements are collected, and some deeds need the file for themselves. */
function attempt({ file }: Scene, deed: readonly string[]): void {
  try {
    file.run(deed)
  } catch (error) {
    if (!String(error).includes('locked')) throw error
  }
}

/** Another file takes the place of the database. */
function putBack({ file }: Scene, copy: string): void {
  for (const beside of ['-wal', '-shm', '-journal']) rmSync(`${file.path}${beside}`, { force: true })
  copyFileSync(copy, `${file.path}-new`)
  renameSync(`${file.path}-new`, file.path)
}

test('few records are read for few that were written, none for none', () =>
  withFile(TABLES, async (scene) => {
    const mark = await markOf(scene.adapter, 'numbered')
    expect(await since(scene, mark)).toBe(0)
    await scene.adapter.writeState(new Map([['lock', 'x'.repeat(9000)]]), new Map())
    scene.file.run([`UPDATE named SET n = n + 1`])
    expect(await since(scene, mark)).toBe(0)
    scene.file.run([`UPDATE numbered SET v = 'w' WHERE n IN (1, 500)`])
    expect(await since(scene, mark)).toBeLessThan(500)
    expect(await since(scene, mark)).toBeGreaterThan(1)
  }))

test('a write that leaves the change counter and the size as they were is found', () =>
  withFile(TABLES, async (scene) => {
    const { file } = scene
    copyFileSync(file.path, `${file.path}-before`)
    const mark = await markOf(scene.adapter, 'numbered')
    file.run([`UPDATE numbered SET v = 'w' WHERE n = 7`])
    putBack(scene, `${file.path}-before`)
    file.run([`UPDATE numbered SET v = 'x' WHERE n = 7`])
    expect(await since(scene, mark)).toBeGreaterThan(0)
    putBack(scene, `${file.path}-before`)
    expect(await since(scene, mark)).toBe(0)
  }))

test.each([
  ['a column with a default', ['ALTER TABLE numbered ADD COLUMN w INT DEFAULT 7']],
  ['a column that is gone', ['ALTER TABLE numbered DROP COLUMN v']],
  ['another name of a column', ['ALTER TABLE numbered RENAME COLUMN v TO w']],
  ['the rows in other places', ['DELETE FROM named', 'VACUUM']],
  [
    'another table of this name',
    [
      'CREATE TABLE other (id INTEGER PRIMARY KEY, v TEXT, n INT)',
      'DROP TABLE numbered',
      'ALTER TABLE other RENAME TO numbered',
    ],
  ],
])('%s: nothing can be told', (_title, change) =>
  withFile(
    [...TABLES, `${numbers(ROWS + 1, 9000)} INSERT INTO numbered SELECT i * 3, 'v' || i, i FROM n`],
    async (scene) => {
      const mark = await markOf(scene.adapter, 'numbered')
      scene.file.run(change)
      expect(await since(scene, mark)).toBe('all')
    },
  ),
)

test('a mark that is damaged, or of another engine, tells nothing', () =>
  withFile(TABLES, async (scene) => {
    const mark = await markOf(scene.adapter, 'numbered')
    for (const text of ['', '{}', 'null', '{"xid":"7"}', mark.text?.slice(0, -9) ?? ''])
      expect(await since(scene, { ...mark, text })).toBe('all')
  }))

test('a large table has a mark of bearable size, which still tells few records', () =>
  withFile(
    [
      'CREATE TABLE numbered (id INTEGER PRIMARY KEY, v TEXT)',
      `${numbers(1, 17_000)} INSERT INTO numbered SELECT i, hex(zeroblob(180)) FROM n`,
    ],
    async (scene) => {
      const mark = await markOf(scene.adapter, 'numbered')
      expect(mark.text?.length).toBeLessThan(300_000)
      expect(await since(scene, mark)).toBe(0)
      scene.file.run([
        `UPDATE numbered SET v = hex(zeroblob(181)) WHERE id IN (1, 9000)`,
        'DELETE FROM numbered WHERE id = 15000',
      ])
      const read = await since(scene, mark)
      expect(read).toBeGreaterThan(1)
      expect(read).toBeLessThan(20)
    },
    ['PRAGMA page_size = 512'],
  ))
