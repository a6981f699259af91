/** What people are told when something is in the way: what failed, what to do next, and never a password. */
import { randomBytes } from 'node:crypto'
import { mkdir, symlink } from 'node:fs/promises'
import { describe, expect, inject, test } from 'vitest'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { execute } from '../../support/postgres.ts'
import { behindDoors } from '../../support/tcp-proxy.ts'
import { traders } from '../../support/traders.ts'
import { betweenTwo, withEmptyAssets } from '../../support/two-assets.ts'

const RECORDS = { records: { traders: traders('id', 5) } }
const servers = inject('postgres')

test('a server that is not running: exit 3, where it was looked for, and how to start one', () => {
  const { engine, doorOf } = behindDoors(postgres(servers))
  return betweenTwo(engine, RECORDS, async ({ a }) => {
    await doorOf(a.database).shut()
    const export_ = await a.tandem('export')
    expect(export_.code).toBe(3)
    expect(export_.text).toContain(`127.0.0.1:${new URL(a.database.url).port}`)
    expect(export_.text).toMatch(/systemctl start postgresql|pg_ctl/)
  })
})

test('MongoDB that is not running is told likewise', () =>
  withEmptyAssets(sqlite, RECORDS, async ({ a }) => {
    await a.git('rm', '-q', 'tandem.config.json')
    const init = await a.tandem('init', '--yes', '--source', 'app=mongodb://tester:s3cr3t-word@127.0.0.1:1/app')
    expect(init.code).toBe(3)
    expect(init.text).toMatch(/systemctl start mongod|mongod/)
    expect(init.text).not.toContain('s3cr3t-word')
  }))

test('a password stays out of everything that is printed, committed or logged', () => {
  const { engine, doorOf } = behindDoors(postgres(servers))
  const secret = 's3cr3t-word'
  const withPassword: typeof engine = {
    ...engine,
    create: async (root, index) => {
      const database = await engine.create(root, index)
      const door = doorOf(database)
      const url = new URL(database.url)
      url.password = secret
      return { ...database, url: url.href, drop: () => door.shut().then(() => database.drop()) }
    },
  }
  return betweenTwo(withPassword, RECORDS, async ({ a }) => {
    const said = [
      await a.tandem('status', '--verbose'),
      await a.git('push'),
      await a.tandem('export', '--json'),
      await a.tandem('verify', '--verbose'),
    ]
    await a.database.run('DROP TABLE posts')
    said.push(await a.git('push'), await a.tandem('apply', '--verbose'))
    for (const { text } of said) expect(text).not.toContain(secret)
    const found = await a.start('grep', ['-rl', secret, '.git', 'exports', 'tandem.config.json'])
    expect(found.stdout).toBe('')
  })
})

test('a role that may not read a table: the table and what its owner must run are named, and nothing is exported', () =>
  betweenTwo(postgres(servers.slice(0, 1)), RECORDS, async ({ a }) => {
    const url = new URL(a.database.url)
    url.username = `reader_${randomBytes(4).toString('hex')}`
    await execute(a.database.url, `CREATE ROLE ${url.username} LOGIN; GRANT USAGE ON SCHEMA tandem TO ${url.username}`)
    await execute(
      a.database.url,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tandem TO ${url.username}`,
    )
    try {
      await a.git('config', 'tandem.source.app.url', url.href)
      await a.tandem('init', '--yes')
      const before = await a.id('HEAD')
      const answer = await a.tandem('export', '--commit')
      expect(answer.code).toBe(2)
      expect(answer.text).toMatch(/permission denied for table (traders|posts)/)
      expect(answer.text).toMatch(/the owner must run: GRANT/)
      expect(await a.id('HEAD')).toBe(before)
    } finally {
      await execute(a.database.url, `DROP OWNED BY ${url.username}; DROP ROLE ${url.username}`)
    }
  }))

describe('outside of a repository that is set up', () => {
  test('a folder that is no git repository: exit 2', () =>
    withEmptyAssets(sqlite, {}, async ({ a, folder }) => {
      await mkdir(`${folder}/elsewhere`)
      const status = await a.tandem('-C', `${folder}/elsewhere`, 'status')
      expect(status.code).toBe(2)
      expect(status.text).toContain('git repository')
    }))

  test('a clone before init: exit 5, naming init', () =>
    withEmptyAssets(sqlite, RECORDS, async ({ a }) => {
      const export_ = await a.tandem('export')
      expect(export_.code).toBe(5)
      expect(export_.text).toContain('tandem init')
    }))

  test('a repository without a configuration: exit 2, with an example', () =>
    withEmptyAssets(sqlite, RECORDS, async ({ a }) => {
      await a.git('rm', '-q', 'tandem.config.json')
      const export_ = await a.tandem('export')
      expect(export_.code).toBe(2)
      expect(export_.text).toContain('tandem init')
    }))

  test('a variable that is not set is named', () =>
    withEmptyAssets(sqlite, RECORDS, async ({ a }) => {
      await a.write('tandem.config.json', '{ "sources": { "app": { "url": "${APP_DATABASE_URL}" } } }')
      const init = await a.tandem('init', '--yes')
      expect(init.code).toBe(2)
      expect(init.text).toContain('APP_DATABASE_URL')
    }))

  test('a database file that is not there: exit 3, naming the path', () =>
    withEmptyAssets(sqlite, RECORDS, async ({ a }) => {
      await a.write('tandem.config.json', '{ "sources": { "app": { "url": "sqlite:data/nope.db" } } }')
      const init = await a.tandem('init', '--yes')
      expect(init.code).toBe(3)
      expect(init.text).toContain('data/nope.db')
    }))
})

test('a hook that finds no node says so in one line, and git goes on', () =>
  betweenTwo(sqlite, RECORDS, async ({ a, folder }) => {
    await a.git('config', 'tandem.command', 'tandem')
    await mkdir(`${folder}/bin`)
    for (const program of ['git', 'sh', 'cat', 'rm', 'ps', 'sed', 'mkdir']) {
      const found = await a.start('sh', ['-c', `command -v ${program}`])
      await symlink(found.stdout.trim(), `${folder}/bin/${program}`)
    }
    await a.commit('code.txt', 'two\n')
    const push = await a.start('git', ['push'], { PATH: `${folder}/bin` })
    expect(push.code).toBe(0)
    const lines = push.stderr.split('\n').filter((line) => line.startsWith('tandem:'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('tandem init')
  }))
