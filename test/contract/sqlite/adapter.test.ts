/** The adapter for SQLite against real files: the shared suite, and opening, locks and kills. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openAdapter } from '../../../src/adapters/open.ts'
import { LockedError, UnreachableError, UsageError } from '../../../src/model/errors.ts'
import { selectionOf } from '../scene.ts'
import { openSqlite, sqlite } from './fixture.ts'
import { records, thrown } from '../pairs.ts'
import { withFile } from './scene.ts'
import { contractSuite } from '../suite.ts'

contractSuite(sqlite)

describe('opening an SQLite file', () => {
  test('a missing file is an error and is not created', async () => {
    await withFile([], async ({ file }) => {
      const path = join(file.folder, 'missing.db')
      const error = await thrown(openSqlite(path))
      expect(error).toBeInstanceOf(UnreachableError)
      expect(error).toMatchObject({ message: expect.stringContaining(path), hint: expect.stringContaining('create') })
      expect(existsSync(path)).toBe(false)
    })
  })

  test('a file that disappears after opening is not created again', async () => {
    await withFile([], async ({ file, adapter }) => {
      rmSync(file.path)
      expect(await thrown(adapter.describe())).toBeInstanceOf(UnreachableError)
      expect(existsSync(file.path)).toBe(false)
    })
  })

  test('a folder, and a file that is no database, are told apart from a database', async () => {
    await withFile([], async ({ file }) => {
      const other = join(file.folder, 'notes.txt')
      writeFileSync(other, 'x'.repeat(5000))
      expect(String(await thrown(openSqlite(file.folder)))).toContain('not a file')
      const error = await thrown(openSqlite(other))
      expect(error).toBeInstanceOf(UnreachableError)
      expect(String(error)).toContain('not a readable SQLite database')
      expect(readFileSync(other, 'utf8')).toBe('x'.repeat(5000))
    })
  })

  test('a path in the url starts from the root', async () => {
    await withFile(['CREATE TABLE t (id INTEGER PRIMARY KEY)'], async ({ file }) => {
      mkdirSync(join(file.folder, 'sub'))
      const options = { connectTimeoutMs: 2000, source: 'app', root: file.folder }
      const adapter = await openAdapter('sqlite:app.db', options)
      const { database, collections } = await adapter.describe()
      expect([database, collections.map(({ name }) => name)]).toEqual(['app.db', ['t']])
      const above = await openAdapter('sqlite:../app.db', { ...options, root: join(file.folder, 'sub') })
      expect((await above.describe()).database).toBe(file.path)
    })
  })

  test('another scheme is refused with the three that are known', async () => {
    const options = { connectTimeoutMs: 2000, source: 'app', root: '/' }
    for (const url of ['mysql://u:secret@h/d', 'data/app.db', '', 'sqlite:', 'sqlite::memory:']) {
      const error = await thrown(openAdapter(url, options))
      expect(error).toBeInstanceOf(UsageError)
      expect(error).toHaveProperty('hint', expect.stringContaining('sqlite:'))
      expect(String(error)).not.toContain('secret')
    }
  })

  test('a definition that is not valid text is left out and harms nothing', async () => {
    await withFile(['CREATE TABLE t (id INTEGER PRIMARY KEY)', 'CREATE TABLE u (bad_name)'], async ({ file }) => {
      const bytes = readFileSync(file.path)
      bytes.writeUInt8(0xff, bytes.indexOf('bad_name'))
      writeFileSync(file.path, bytes)
      const { collections, leftOut } = await (await openSqlite(file.path)).describe()
      expect(collections.map(({ name }) => name)).toEqual(['t'])
      expect(leftOut).toEqual([{ name: 'u', reason: expect.stringContaining('not valid text') }])
    })
  })
})

describe('locks', () => {
  const setup = [
    'CREATE TABLE t (id INTEGER PRIMARY KEY, v)',
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, i FROM n',
  ]

  test('with a rollback journal, a loop left early and a failing snapshot let go of the file', async () => {
    await withFile(setup, async ({ file, adapter }) => {
      const selection = await selectionOf(adapter, 't')
      await adapter.snapshot(async (snapshot) => {
        for await (const batch of snapshot.records(selection)) return batch
        return []
      })
      file.run(['PRAGMA busy_timeout=0', 'DELETE FROM t WHERE id = 1'])
      await thrown(adapter.snapshot(async (snapshot) => snapshot.count({ ...selection.schema, name: 'nowhere' })))
      file.run(['DELETE FROM t WHERE id = 2'])
      expect(await records(adapter, 't')).toHaveLength(2998)
    })
  })

  test('a lock that another program keeps is an error of its own after 5 seconds', async () => {
    await withFile(setup, async ({ file, adapter }) => {
      const before = await records(adapter, 't')
      const selection = await selectionOf(adapter, 't')
      const outcome = await adapter.snapshot(async (snapshot) => {
        for await (const batch of snapshot.records(selection)) expect(batch.length).toBeGreaterThan(0)
        return thrown((await openSqlite(file.path)).writeState(new Map([['a', '1']]), new Map()))
      })
      expect(outcome).toBeInstanceOf(LockedError)
      expect(await records(adapter, 't')).toEqual(before)
      expect(await adapter.readState()).toEqual(new Map())
    })
  })

  test('an apply killed at any point leaves all of its plan or nothing of it', async () => {
    await withFile(['CREATE TABLE rows (id INTEGER PRIMARY KEY, n INTEGER, pad TEXT)'], async ({ file, adapter }) => {
      file.run([
        `WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 4000)
         INSERT INTO rows SELECT i, 0, printf('%0200d', i) FROM i`,
      ])
      const program = fileURLToPath(new URL('kill.ts', import.meta.url))
      let least = 0
      for (const share of [0.2, 0.5, 0.8, 1]) {
        const command = ['--import', 'tsx', program, file.path]
        const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
        const [elapsedMs] = (await once(child.stdout, 'data')) as [Buffer]
        await setTimeout(Number(elapsedMs) * share)
        child.kill('SIGKILL')
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
        const values = new Set((await records(adapter, 'rows')).map((text) => /"n":(\d+)/.exec(text)?.[1]))
        const round = (await adapter.readState()).get('round')
        expect([...values]).toEqual([round])
        expect(Number(round)).toBeGreaterThan(least)
        least = Number(round)
      }
    })
  })
})
