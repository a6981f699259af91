/** What SQLite would do by itself while a plan is written, and must not: triggers, conflict clauses, cascades. */
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/model/errors.ts'
import { leavesUnchanged, planOf, selectionOf } from '../scene.ts'
import { apply, changesOf, records, thrown } from '../pairs.ts'
import { withFile } from './scene.ts'

describe('writing', () => {
  test('triggers stand afterwards byte for byte and in their order, also when the plan fails', async () => {
    const triggers = [
      `CREATE TRIGGER  if  not exists   "tr 1"\n  AFTER UPDATE ON t -- why\nBEGIN UPDATE t SET v = 'fired; "x"' WHERE id = new.id; END`,
      "create trigger [b] before delete on T begin select raise(abort, 'no'); end",
      'CREATE TRIGGER main.a AFTER INSERT ON t BEGIN INSERT INTO missing_table VALUES (1); END',
    ]
    await withFile(
      ['CREATE TABLE t (id INTEGER PRIMARY KEY, v)', 'INSERT INTO t VALUES (1, 1)', ...triggers],
      async ({ adapter, file }) => {
        const stored = () =>
          file.rows(`SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid`)
        const before = stored()
        expect(before).toHaveLength(3)
        expect(
          await apply(adapter, 't', [
            ['{"id":1,"v":1}', '{"id":1,"v":2}'],
            [undefined, '{"id":2}'],
          ]),
        ).toMatchObject({ status: 'applied' })
        expect(await apply(adapter, 't', [['{"id":2}', undefined]])).toMatchObject({ status: 'applied' })
        expect(await apply(adapter, 't', [['{"id":2}', undefined]])).toMatchObject({ status: 'stale' })
        expect(stored()).toEqual(before)
        expect(await records(adapter, 't')).toEqual(['{"id":1,"v":2}'])
      },
    )
  })

  test('conflict clauses of the table neither replace nor skip rows', async () => {
    const setup = [
      'CREATE TABLE r (id INTEGER PRIMARY KEY, u UNIQUE ON CONFLICT REPLACE, n NOT NULL ON CONFLICT IGNORE DEFAULT 1)',
      'INSERT INTO r VALUES (1, 1, 1), (2, 2, 2)',
    ]
    await withFile(setup, async ({ adapter }) => {
      await leavesUnchanged(adapter, ['r'], async () => {
        expect(await apply(adapter, 'r', [[undefined, '{"id":3,"n":1,"u":1}']])).toMatchObject({
          status: 'violation',
          key: '[3]',
        })
        expect(await apply(adapter, 'r', [['{"id":2,"n":2,"u":2}', '{"id":2,"n":2,"u":1}']])).toMatchObject({
          status: 'violation',
          key: '[2]',
        })
        expect(await apply(adapter, 'r', [['{"id":2,"n":2,"u":2}', '{"id":2,"u":2}']])).toMatchObject({
          status: 'violation',
          constraint: 'NOT NULL r.n',
        })
      })
    })
  })

  test('values under partial and expression indexes swap, and rows keep their hidden rowid and their generated columns', async () => {
    const setup = [
      'CREATE TABLE t (k TEXT PRIMARY KEY, mail TEXT, active INTEGER, secret BLOB, g AS (active * 2) STORED)',
      'CREATE UNIQUE INDEX one ON t (active) WHERE active = 1',
      'CREATE UNIQUE INDEX two ON t (lower(mail))',
      `INSERT INTO t (rowid, k, mail, active, secret) VALUES (70, 'x', 'A', 1, x'ff'), (80, 'y', 'b', 0, CAST(x'fe' AS TEXT))`,
    ]
    await withFile(setup, async ({ adapter, file }) => {
      const selection = await selectionOf(adapter, 't', { omit: ['secret'] })
      const changes = changesOf(selection, [
        ['{"active":1,"k":"x","mail":"A"}', '{"active":0,"k":"x","mail":"B"}'],
        ['{"active":0,"k":"y","mail":"b"}', '{"active":1,"k":"y","mail":"a"}'],
      ])
      expect(await adapter.apply(planOf(selection, changes))).toMatchObject({ updated: 2 })
      const rows = file.rows('SELECT rowid, k, mail, active, typeof(secret), hex(secret), g FROM t ORDER BY rowid')
      expect(rows).toEqual([
        [70n, 'x', 'B', 0n, 'blob', 'FF', 0n],
        [80n, 'y', 'a', 1n, 'text', 'FE', 2n],
      ])
    })
  })

  test('a table whose columns hide the rowid can be written', async () => {
    await withFile(['CREATE TABLE t (rowid, _rowid_, oid, k TEXT PRIMARY KEY, u UNIQUE)'], async ({ adapter }) => {
      const [a, b] = ['{"_rowid_":1,"k":"a","oid":2,"rowid":3,"u":1}', '{"_rowid_":4,"k":"b","oid":5,"rowid":6,"u":2}']
      await apply(adapter, 't', [
        [undefined, a],
        [undefined, b],
      ])
      await apply(adapter, 't', [
        [a, a.replace('"u":1', '"u":2')],
        [b, b.replace('"u":2', '"u":1')],
      ])
      expect(await records(adapter, 't')).toEqual([a.replace('"u":1', '"u":2'), b.replace('"u":2', '"u":1')])
    })
  })

  test('a STRICT table refuses a value of another type as a violation', async () => {
    await withFile(['CREATE TABLE s (id INTEGER PRIMARY KEY, n INTEGER, x ANY) STRICT'], async ({ adapter }) => {
      expect(await apply(adapter, 's', [[undefined, '{"id":1,"n":"five"}']])).toMatchObject({
        status: 'violation',
        key: '[1]',
        constraint: expect.stringContaining('s.n'),
      })
      expect(await apply(adapter, 's', [[undefined, '{"id":1,"n":5,"x":"5"}']])).toMatchObject({ inserted: 1 })
      expect(await records(adapter, 's')).toEqual(['{"id":1,"n":5,"x":"5"}'])
    })
  })

  test('a new field left out by the plan takes its default', async () => {
    await withFile(
      [`CREATE TABLE t (id INTEGER PRIMARY KEY, v, token TEXT NOT NULL DEFAULT 'none')`],
      async ({ adapter, file }) => {
        const selection = await selectionOf(adapter, 't', { omit: ['token'] })
        expect(
          await adapter.apply(planOf(selection, changesOf(selection, [[undefined, '{"id":1,"v":2}']]))),
        ).toMatchObject({ inserted: 1 })
        expect(file.rows('SELECT * FROM t')).toEqual([[1n, 2n, 'none']])
      },
    )
  })

  test('a table that is gone, or lacks a field of the selection, is an error that names it', async () => {
    await withFile(['CREATE TABLE t (id INTEGER PRIMARY KEY, v)'], async ({ adapter, file }) => {
      const selection = await selectionOf(adapter, 't')
      const plan = planOf(selection, changesOf(selection, [[undefined, '{"id":1}']]))
      const extra = changesOf(selection, [[undefined, '{"id":1,"zebra":1}']])
      expect(await thrown(adapter.apply(planOf(selection, extra)))).toBeInstanceOf(UsageError)
      file.run(['ALTER TABLE t DROP COLUMN v'])
      expect(String(await thrown(adapter.apply(plan)))).toContain('no field v')
      file.run(['DROP TABLE t'])
      expect(String(await thrown(adapter.apply(plan)))).toContain('no table t')
    })
  })
})

describe('foreign keys', () => {
  test('ones that dangled before stay as they are and stop nothing', async () => {
    const setup = [
      'CREATE TABLE p (id INTEGER PRIMARY KEY, v)',
      'CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p, v)',
      'PRAGMA foreign_keys=OFF',
      'INSERT INTO p VALUES (1, 1)',
      'INSERT INTO c VALUES (1, 1, 1), (2, 99, 1)',
    ]
    await withFile([setup.join(';')], async ({ adapter }) => {
      expect(await apply(adapter, 'c', [['{"id":2,"p":99,"v":1}', '{"id":2,"p":99,"v":2}']])).toMatchObject({
        updated: 1,
      })
      expect(await apply(adapter, 'p', [['{"id":1,"v":1}', '{"id":1,"v":2}']])).toMatchObject({ updated: 1 })
      expect(await apply(adapter, 'c', [['{"id":2,"p":99,"v":2}', '{"id":2,"p":98,"v":2}']])).toMatchObject({
        status: 'violation',
      })
      expect(await apply(adapter, 'c', [['{"id":2,"p":99,"v":2}', undefined]])).toMatchObject({ deleted: 1 })
    })
  })

  test('compare by the parent’s type and collation, and to unique fields other than the key', async () => {
    const setup = [
      'CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT COLLATE NOCASE UNIQUE, n INTEGER, m TEXT, UNIQUE (n, m))',
      'CREATE TABLE c (id INTEGER PRIMARY KEY, code REFERENCES p (code), n TEXT, m, FOREIGN KEY (n, m) REFERENCES p (n, m))',
      `INSERT INTO p VALUES (1, 'EUR', 1, 'x')`,
      `INSERT INTO c VALUES (1, 'eur', NULL, 7), (2, NULL, '1', 'x')`,
    ]
    const parent = '{"code":"EUR","id":1,"m":"x","n":1}'
    await withFile(setup, async ({ adapter }) => {
      expect(await apply(adapter, 'c', [[undefined, '{"code":"Eur","id":3,"m":"x","n":"1"}']])).toMatchObject({
        inserted: 1,
      })
      expect(await apply(adapter, 'c', [['{"code":"Eur","id":3,"m":"x","n":"1"}', undefined]])).toMatchObject({
        deleted: 1,
      })
      expect(await apply(adapter, 'p', [[parent, parent.replace('EUR', 'USD')]])).toMatchObject({ status: 'stale' })
      expect(await apply(adapter, 'p', [[parent, parent.replace('"n":1', '"n":2')]])).toMatchObject({ status: 'stale' })
      expect(await apply(adapter, 'p', [[parent, parent.replace('EUR', 'eur')]])).toMatchObject({ updated: 1 })
      expect(await apply(adapter, 'c', [['{"code":"eur","id":1,"m":7}', undefined]])).toMatchObject({ deleted: 1 })
      const renamed = parent.replace('EUR', 'USD')
      expect(await apply(adapter, 'p', [[parent.replace('EUR', 'eur'), renamed]])).toMatchObject({ updated: 1 })
      expect(await apply(adapter, 'p', [[renamed, undefined]])).toMatchObject({ status: 'stale' })
    })
  })

  test('a record that refers to itself, and a chain of its own table, can be inserted and deleted', async () => {
    const setup = ['CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER NOT NULL REFERENCES t ON DELETE CASCADE)']
    await withFile(setup, async ({ adapter }) => {
      const [root, leaf] = ['{"id":1,"up":1}', '{"id":2,"up":1}']
      expect(
        await apply(adapter, 't', [
          [undefined, leaf],
          [undefined, root],
        ]),
      ).toMatchObject({ inserted: 2 })
      expect(await apply(adapter, 't', [[root, undefined]])).toMatchObject({ status: 'stale' })
      expect(
        await apply(adapter, 't', [
          [root, undefined],
          [leaf, '{"id":2,"up":2}'],
        ]),
      ).toMatchObject({ deleted: 1, updated: 1 })
      expect(await records(adapter, 't')).toEqual(['{"id":2,"up":2}'])
    })
  })
})
