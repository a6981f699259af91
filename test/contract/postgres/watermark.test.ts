/** What PostgreSQL tells of the rows written since an earlier moment: never too few, and nothing at all where it cannot know. */
import { Client } from 'pg'
import { describe, expect, inject, test } from 'vitest'
import type { Adapter, WrittenSince } from '../../../src/adapters/adapter.ts'
import { execute } from '../../support/postgres.ts'
import { selectionOf } from '../scene.ts'
import { on } from './scene.ts'

const servers = inject('postgres')

const TABLE = [
  `CREATE TYPE mood AS ENUM ('ok', 'sad')`,
  'CREATE TABLE t (id int PRIMARY KEY, v text, m mood)',
  `INSERT INTO t SELECT n, 'v' || n, 'ok' FROM generate_series(1, 20) n`,
]

async function markOf(adapter: Adapter, name = 't'): Promise<string | undefined> {
  const selection = await selectionOf(adapter, name)
  return adapter.snapshot((snapshot) => snapshot.mark(selection))
}

async function since(adapter: Adapter, mark: string | undefined, name = 't'): Promise<WrittenSince | undefined> {
  const selection = await selectionOf(adapter, name)
  return adapter.snapshot((snapshot) => snapshot.writtenSince(selection, mark ?? ''))
}

/** Keys of the rows written since, and the count. */
async function keysSince(adapter: Adapter, mark: string | undefined, name = 't'): Promise<unknown> {
  const found = await since(adapter, mark, name)
  return found && [found.records.map(({ key }) => key).toSorted(), found.count]
}

// a transaction that another file's test keeps open on this server makes a mark older: more rows seem written since
describe.each(servers)('PostgreSQL $version ($name)', { retry: 3 }, (server) => {
  test('rows that were inserted or changed are found, deleted ones are missing in the count', () =>
    on(server, TABLE, async ({ adapter, uri }) => {
      const mark = await markOf(adapter)
      expect(await keysSince(adapter, mark)).toEqual([[], 20])
      await execute(
        uri,
        `UPDATE t SET v = 'x' WHERE id = 3; INSERT INTO t VALUES (21, 'new', 'ok'); DELETE FROM t WHERE id = 4; UPDATE t SET id = 30 WHERE id = 5`,
      )
      expect(await keysSince(adapter, mark)).toEqual([['[21]', '[30]', '[3]'], 20])
      await execute(uri, 'VACUUM (FULL, FREEZE) t')
      expect(await keysSince(adapter, mark)).toEqual([['[21]', '[30]', '[3]'], 20])
      expect(await keysSince(adapter, await markOf(adapter))).toEqual([[], 20])
    }))

  test('what a transaction writes that was open at the mark is found when it ends', () =>
    on(server, TABLE, async ({ adapter, uri }) => {
      const open = new Client(uri)
      await open.connect()
      try {
        await open.query(`BEGIN; UPDATE t SET v = 'early' WHERE id = 1`)
        await execute(uri, `UPDATE t SET v = 'before' WHERE id = 2`)
        const mark = await markOf(adapter)
        await open.query(`UPDATE t SET v = 'late' WHERE id = 3; COMMIT`)
        expect(await keysSince(adapter, mark)).toEqual([['[1]', '[2]', '[3]'], 20])
      } finally {
        await open.end()
      }
    }))

  test.each([
    ['a column with a default', `ALTER TABLE t ADD COLUMN w int DEFAULT 7`],
    ['a renamed label', `ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`],
    ['another type', `ALTER TABLE t ALTER COLUMN v TYPE varchar(50)`],
    [
      'another table of this name',
      `CREATE TABLE n (LIKE t INCLUDING ALL); ALTER TABLE t RENAME TO o; ALTER TABLE n RENAME TO t`,
    ],
  ])('%s: nothing can be told', (_title, change) =>
    on(server, TABLE, async ({ adapter, uri }) => {
      const mark = await markOf(adapter)
      await execute(uri, change)
      expect(await since(adapter, mark)).toBeUndefined()
    }),
  )

  test('a mark of another database, or of a later moment than now, tells nothing', () =>
    on(server, TABLE, async ({ adapter }) => {
      const mark = JSON.parse((await markOf(adapter)) ?? '') as Readonly<Record<'xid' | 'cluster', string>>
      expect(await since(adapter, JSON.stringify({ ...mark, cluster: `${mark.cluster}x` }))).toBeUndefined()
      expect(await since(adapter, JSON.stringify({ ...mark, xid: String(BigInt(mark.xid) + 1000n) }))).toBeUndefined()
      expect(await since(adapter, JSON.stringify({ ...mark, xid: '' }))).toBeUndefined()
    }))

  test('partitions are one table; with another partition nothing can be told', () =>
    on(
      server,
      [
        'CREATE TABLE m (at int, v text, PRIMARY KEY (at)) PARTITION BY RANGE (at)',
        'CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM (0) TO (10)',
        'CREATE TABLE m_2 PARTITION OF m FOR VALUES FROM (10) TO (20)',
        `INSERT INTO m SELECT n, 'x' FROM generate_series(0, 19) n`,
      ],
      async ({ adapter, uri }) => {
        const mark = await markOf(adapter, 'm')
        await execute(uri, `UPDATE m SET v = 'y' WHERE at IN (1, 11)`)
        expect(await keysSince(adapter, mark, 'm')).toEqual([['[11]', '[1]'], 20])
        await execute(uri, 'ALTER TABLE m DETACH PARTITION m_1')
        expect(await since(adapter, mark, 'm')).toBeUndefined()
      },
    ))

  test('a table whose texts depend on other objects has no mark', () =>
    on(
      server,
      [
        'CREATE TYPE pair AS (a int, b int)',
        'CREATE TABLE r (id int PRIMARY KEY, c regclass)',
        'CREATE TABLE s (id int PRIMARY KEY, p pair[])',
      ],
      async ({ adapter }) => {
        expect(await markOf(adapter, 'r')).toBeUndefined()
        expect(await markOf(adapter, 's')).toBeUndefined()
      },
    ))

  test('where most rows were written, all are to be read', () =>
    on(server, TABLE, async ({ adapter, uri }) => {
      await execute(uri, `INSERT INTO t SELECT n, 'v', 'ok' FROM generate_series(100, 3000) n`)
      const mark = await markOf(adapter)
      await execute(uri, `UPDATE t SET v = 'w'`)
      expect(await since(adapter, mark)).toBeUndefined()
    }))
})
