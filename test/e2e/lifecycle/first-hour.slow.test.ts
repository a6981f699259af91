/** The first hour with a repository and a database of one's own, in the order of the README: what init ignores, leaves out, reads and says. */
import { mkdir, readFile, rename, symlink } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import { PROGRAM, type Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { firstExport, withEmptyAssets, type TwoAssets } from '../../support/two-assets.ts'

const FIVE = { tables: sqlite.tables, records: { traders: traders('id', 5) } }

/** Machine a as a newcomer has it: code and a database, nothing of tandem and no `.gitignore`. */
const fresh = (work: (a: Asset) => Promise<void>, options: typeof FIVE = FIVE): Promise<void> =>
  withEmptyAssets(sqlite, options, async ({ a }) => {
    await a.git('rm', '-q', 'tandem.config.json', '.gitignore')
    await a.git('commit', '-q', '-m', 'nothing of tandem')
    await work(a)
  })

const init = (a: Asset): Promise<{ readonly code: number; readonly text: string }> =>
  a.tandem('init', '--source', 'app=sqlite:data/app.db')

const committed = async (a: Asset): Promise<string[]> => {
  await a.git('add', '.')
  return (await a.git('ls-files')).stdout.split('\n').filter(Boolean)
}

describe('in a repository without a .gitignore', () => {
  test('git add . takes neither the database, nor what SQLite keeps beside it, nor the installed packages', () =>
    fresh(async (a) => {
      await a.write('node_modules/git-tandem/package.json', '{}\n')
      expect((await init(a)).text).toContain('added data/app.db to .gitignore')
      await a.write('data/app.db-wal', 'x')
      await a.write('data/app.db-journal', 'x')
      await a.write('data/notes.txt', 'x')
      const files = await committed(a)
      expect(files.filter((file) => /^(node_modules|data)\//.test(file))).toEqual(['data/notes.txt'])
      expect(files).toEqual(expect.arrayContaining(['.gitignore', 'tandem.config.json']))
    }))

  test('a database whose name has characters of patterns is ignored alone', () =>
    fresh(async (a) => {
      await rename(path.join(a.root, 'data'), path.join(a.root, 'data [old]'))
      expect((await a.tandem('init', '--source', 'app=sqlite:data [old]/app.db')).code).toBe(0)
      await a.write('data o/app.db', 'x')
      expect((await committed(a)).filter((file) => file.endsWith('.db'))).toEqual(['data o/app.db'])
    }))

  test('a database that is committed already is named, with the way out', () =>
    fresh(async (a) => {
      await a.git('add', 'data/app.db')
      await a.git('commit', '-q', '-m', 'the database')
      expect((await init(a)).text).toContain("git rm --cached 'data/app.db'")
    }))

  test('a second init adds nothing', () =>
    fresh(async (a) => {
      await init(a)
      const before = await a.read('.gitignore')
      await a.tandem('init')
      expect(await a.read('.gitignore')).toBe(before)
    }))
})

test('a filter that encrypts everything is not switched off without a word: init and doctor refuse with the choice', () =>
  fresh(async (a) => {
    await a.write('.gitattributes', '* filter=git-crypt\n')
    await a.git('config', 'filter.git-crypt.clean', 'cat')
    const { code, text } = await init(a)
    expect(code).toBe(2)
    expect(text).toContain('published without the filter')
    expect(text).toContain('exports/** -filter')
    await a.write('.gitattributes', '* filter=git-crypt\nexports/** -filter\n')
    expect((await a.tandem('init')).code).toBe(0)
    await a.write('.gitattributes', '* filter=git-crypt\n')
    const doctor = await a.tandem('doctor')
    expect(doctor.text).toContain('published without the filter')
    expect(doctor.code).toBe(1)
  }))

describe('a table without a key', () => {
  test('is left out and said so, and everything else travels without a word about it', () =>
    fresh(
      async (a) => {
        const answer = await init(a)
        expect(answer.code).toBe(0)
        expect(answer.text).toContain(
          'left out: visits (has no primary key; set sources.app.collections.visits.key, or exclude it)',
        )
        await a.git('add', '.')
        await a.git('commit', '-q', '-m', 'tandem')
        expect((await a.git('push')).text).not.toMatch(/held|visits/)
        expect(await a.digest()).toMatchObject({ ok: true, records: 5 })
        expect((await a.tandem('status')).text).not.toContain('held')
        expect((await a.git('ls-files', 'exports/app')).stdout).not.toContain('visits')
      },
      { ...FIVE, tables: [...sqlite.tables, 'CREATE TABLE visits (at TEXT, trader TEXT REFERENCES traders)'] },
    ))

  test('that lost its key after it was exported is held, and its exports stay', () =>
    withEmptyAssets(sqlite, FIVE, async ({ a }) => {
      await firstExport(a)
      await a.database.run(
        'CREATE TABLE copy AS SELECT * FROM traders',
        'DROP TABLE traders',
        'ALTER TABLE copy RENAME TO traders',
      )
      await a.commit('code.txt', 'two\n')
      expect((await a.git('push')).text).toMatch(/app\/traders is held.*has no primary key/)
      expect((await a.git('ls-files', 'exports/app')).stdout).toContain('traders/records.jsonl')
    }))

  test('to which another refers leaves that out too, with the entry to paste', () =>
    fresh(
      async (a) => {
        const answer = await init(a)
        expect(answer.code).toBe(0)
        expect(answer.text).toContain(
          'left out: sales (refers to shops, which has no primary key: write "collections": {"shops": {"key": ["code"]}})',
        )
        const config = '{"sources":{"app":{"url":"sqlite:data/app.db","collections":{"shops":{"key":["code"]}}}}}\n'
        await a.write('tandem.config.json', config)
        expect((await a.tandem('init')).text).not.toContain('left out')
      },
      {
        ...FIVE,
        tables: [
          ...sqlite.tables,
          'CREATE TABLE shops (code TEXT NOT NULL UNIQUE, name TEXT)',
          'CREATE TABLE sales (id INTEGER PRIMARY KEY, shop TEXT REFERENCES shops (code))',
        ],
      },
    ))
})

describe('the file: URL of Prisma', () => {
  const prisma = (work: (a: Asset) => Promise<void>): Promise<void> =>
    fresh(async (a) => {
      await mkdir(path.join(a.root, 'prisma'))
      await rename(path.join(a.root, 'data/app.db'), path.join(a.root, 'prisma/dev.db'))
      await work(a)
    })

  test('is taken from the variable that Prisma reads, and starts at its schema', () =>
    prisma(async (a) => {
      await a.write('.env', 'DATABASE_URL="file:./dev.db?connection_limit=1"\n')
      await a.write('tandem.config.json', '{"sources":{"app":{"url":"${DATABASE_URL}"}}}\n')
      const answer = await a.tandem('init')
      expect(answer.text).toContain('source app: prisma/dev.db')
      expect(await a.read('.gitignore')).toContain('/prisma/dev.db\n')
    }))

  test('is written as the path that it means', () =>
    prisma(async (a) => {
      expect((await a.tandem('init', '--source', 'app=file:./dev.db')).code).toBe(0)
      expect(await a.read('tandem.config.json')).toContain('"sqlite:prisma/dev.db"')
    }))

  test('that fits two files is refused with both names', () =>
    prisma(async (a) => {
      await a.write('dev.db', '')
      const answer = await a.tandem('init', '--source', 'app=file:./dev.db')
      expect(answer.code).toBe(2)
      expect(answer.text).toContain('sqlite:dev.db or sqlite:prisma/dev.db')
    }))
})

test('the version is that of tandem, also in a project that has one', () =>
  fresh(async (a) => {
    await a.write('package.json', '{"name":"shop","version":"77.7.7"}\n')
    const own = JSON.parse(await readFile(path.join(path.dirname(PROGRAM), '../../package.json'), 'utf8')) as {
      version: string
    }
    const command = path.join(a.root, 'node_modules/.bin/tandem')
    await mkdir(path.dirname(command), { recursive: true })
    await symlink(PROGRAM, command)
    expect((await a.start(process.execPath, [command, '--version'])).stdout.trim()).toBe(own.version)
  }))

describe('a machine that joins with records of its own', () => {
  const joining = (work: (assets: TwoAssets) => Promise<void>): Promise<void> =>
    withEmptyAssets(sqlite, FIVE, async (assets) => {
      await firstExport(assets.a)
      await assets.b.git('pull', '-q')
      await assets.b.database.insert('traders', [trader('id', 1, { note: 'seed' }), trader('id', 99)])
      await work(assets)
    })

  test('is shown what differs, what each answer deletes, and what suits a fresh machine', () =>
    joining(async ({ b }) => {
      const { code, text } = await b.tandem('init')
      expect(code).toBe(5)
      expect(text).toContain('differs: app/traders ["trader-0001"] in note')
      expect(text).toContain('only here: app/traders ["trader-0099"]')
      expect(text).toContain('unite: deletes nothing, all machines get 6 records')
      expect(text).toContain('theirs: deletes 1 record here, overwrites 1 here')
      expect(text).toContain('ours: the next push deletes 4 records on every other machine, overwrites 1 there')
      expect(text).toContain('On a fresh machine: --join theirs.')
    }))

  test('is not called fresh when it holds as much as the exports', () =>
    joining(async ({ b }) => {
      await b.database.insert('traders', [trader('id', 100)])
      const { text } = await b.tandem('init')
      expect(text).toContain('theirs: deletes 2 records here')
      expect(text).not.toContain('fresh')
    }))

  test('gets back by undo what theirs took', () =>
    joining(async ({ b }) => {
      const before = await b.database.rows('traders')
      await b.tandem('init', '--join', 'theirs')
      expect(await b.database.rows('traders')).toHaveLength(5)
      await b.tandem('undo', '--yes')
      expect(await b.database.rows('traders')).toEqual(before)
    }))

  test('from a commit: a record that was deleted here stays deleted, also when nothing else differs', () =>
    withEmptyAssets(sqlite, FIVE, async ({ a, b }) => {
      await firstExport(a)
      await b.git('pull', '-q')
      await b.database.insert('traders', traders('id', 4))
      await b.tandem('init', '--join', await b.id('HEAD'))
      await b.git('push')
      await a.git('pull')
      expect(await a.database.rows('traders')).toHaveLength(4)
      expect(await disagreements({ a, b })).toEqual([])
    }))
})
