/** Messages that a newcomer meets in the first hour: each says what happened and what to do, and nothing that is not so. */
import { readFile } from 'node:fs/promises'
import { expect, inject, test } from 'vitest'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { behindDoors } from '../../support/tcp-proxy.ts'
import { traders } from '../../support/traders.ts'
import { betweenTwo, withEmptyAssets } from '../../support/two-assets.ts'

const RECORDS = { records: { traders: traders('id', 5) } }
const KEY = { id: 'trader-0001' }
const servers = inject('postgres')

test('a git that does not know who commits: what to run, and not the words of a plumbing command', () =>
  betweenTwo(sqlite, RECORDS, async ({ a }) => {
    const nobody = { GIT_CONFIG_GLOBAL: '/dev/null', EMAIL: '' }
    await a.git('config', 'user.useConfigOnly', 'true')
    await a.database.change('traders', KEY, { profit_usd: 1 })
    const push = await a.start('git', ['push'], nobody)
    expect(push.code).toBe(0)
    expect(push.text).toMatch(/git does not know who you are\n.*git config --global user\.name/)
    expect(push.text).not.toContain('commit-tree')
  }))

test('a git that cannot sign says so, and how to go on', () =>
  betweenTwo(sqlite, RECORDS, async ({ a }) => {
    await a.git('config', 'commit.gpgsign', 'true')
    await a.git('config', 'gpg.program', 'false')
    await a.database.change('traders', KEY, { profit_usd: 1 })
    const answer = await a.tandem('export', '--commit')
    expect(answer.code).toBe(2)
    expect(answer.text).toMatch(/git cannot sign it.*\n.*commit\.gpgsign false/)
  }))

test('a database that is down is named once, with the way to start it', () => {
  const { engine, doorOf } = behindDoors(postgres(servers.slice(0, 1)))
  return betweenTwo(engine, RECORDS, async ({ a }) => {
    await doorOf(a.database).shut()
    const push = await a.git('push')
    expect(push.text).toMatch(/tandem: source app: PostgreSQL is not running.*start it: .*the next hook tries again/)
    expect((await a.tandem('status')).text).toMatch(/^app: unreachable: PostgreSQL is not running/m)
    expect((await a.tandem('doctor')).text).toMatch(/app: reachable: PostgreSQL is not running/)
  })
})

test('a join that fails leaves the database unbound, and status names no deletions', () =>
  withEmptyAssets(sqlite, RECORDS, async ({ a, b }) => {
    await a.tandem('init', '--yes')
    await a.git('push', '-q')
    await b.git('pull', '-q')
    const join = await b.tandem('init', '--join', 'nonsense')
    expect(join.code).toBe(2)
    const status = await b.tandem('status')
    expect(status.text).toContain('is not set up in this clone')
    expect(status.text).not.toContain('to export')
  }))

test('a database that was bound and has yet to join: what it never had is no deletion of its own', () =>
  betweenTwo(sqlite, RECORDS, async ({ b }) => {
    await b.database.run('DELETE FROM traders', "DELETE FROM _tandem WHERE name <> 'id'")
    const status = await b.tandem('status')
    expect(status.text).toContain('to apply 5')
    expect(status.text).not.toContain('to export')
  }))

test('where HEAD carries no data nothing is compared, and that is said with the way back', () =>
  betweenTwo(sqlite, RECORDS, async ({ a }) => {
    await a.database.change('traders', KEY, { profit_usd: 1 })
    await a.git('checkout', '-q', '--detach')
    const status = await a.tandem('status')
    expect(status.text).toContain('5 records, not compared')
    expect(status.text).not.toContain('in-sync')
    expect((await a.tandem('export')).text).toContain('git switch main')
  }))

test('an edit that was exported, not pushed, and taken back leaves a commit that names no change of structure', () =>
  betweenTwo(sqlite, RECORDS, async ({ a }) => {
    const before = (await a.database.rows('traders')).find(({ id }) => id === KEY.id)
    await a.database.change('traders', KEY, { profit_usd: 1 })
    await a.tandem('export', '--commit')
    await a.database.change('traders', KEY, { profit_usd: before?.['profit_usd'] ?? null })
    const answer = await a.tandem('export', '--commit')
    expect(answer.text).toMatch(/data commit \w+: app \+0 ~0 -0/)
  }))

test('a field that stays at home and has its placeholder is no finding', () =>
  withEmptyAssets(
    sqlite,
    {
      tables: ['CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT NOT NULL)'],
      collections: { users: { placeholder: { password: '!' } } },
    },
    async ({ a }) => {
      const init = await a.tandem('init', '--yes')
      expect(init.text).toContain('never exported: users.password')
      expect(init.text).not.toContain('is required and stays at home')
    },
  ))

test('an exclude that somebody changed is told as one, not as another target', () =>
  betweenTwo(sqlite, RECORDS, async ({ a }) => {
    const text = await a.read('tandem.config.json')
    await a.write('tandem.config.json', text.replace('"url"', '"exclude": ["posts"], "url"'))
    const push = await a.git('push')
    expect(push.text).toMatch(/carries other collections than approved in this clone: · exclude: .*tandem init/)
  }))

test('a parent that is excluded: the whole list to paste, at once', () =>
  withEmptyAssets(
    sqlite,
    {
      tables: [
        'CREATE TABLE users (id INTEGER PRIMARY KEY)',
        'CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INT REFERENCES users)',
        'CREATE TABLE likes (id INTEGER PRIMARY KEY, post_id INT REFERENCES posts)',
      ],
      exclude: ['users'],
    },
    async ({ a }) => {
      expect((await a.tandem('init', '--yes')).text).toContain('"exclude": ["users", "posts", "likes"]')
    },
  ))

test('a fetch refspec without a destination: the push says what was not sent, and both ways to have it work', () =>
  betweenTwo(sqlite, RECORDS, async ({ a, remote }) => {
    const tip = async (): Promise<string> => (await a.git('-C', remote, 'rev-parse', 'main')).stdout.trim()
    await a.git('config', '--replace-all', 'remote.origin.fetch', 'refs/heads/main')
    await a.database.change('traders', KEY, { profit_usd: 1 })
    const push = await a.git('push')
    expect(push.text).toMatch(/data not carried: refs\/heads\/main has no tracking branch here.*tandem export --commit/)
    expect(push.text).not.toContain('on top of your')
    await a.tandem('export', '--commit')
    await a.git('push')
    expect(await tip()).toBe(await a.id('HEAD'))
    await a.git('config', '--add', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*')
    await a.git('fetch', '-q', 'origin')
    await a.database.change('traders', KEY, { profit_usd: 2 })
    expect((await a.git('push')).text).toContain('pushed to origin')
    expect(await tip()).toBe(await a.id('HEAD'))
  }))

test('git with literal or glob pathspecs carries the data', () =>
  betweenTwo(sqlite, RECORDS, async ({ a }) => {
    for (const [n, name] of ['GIT_LITERAL_PATHSPECS', 'GIT_GLOB_PATHSPECS'].entries()) {
      await a.database.change('traders', KEY, { profit_usd: 10 + n })
      const push = await a.start('git', ['push'], { [name]: '1' })
      expect(push.text).toContain('pushed to origin')
    }
  }))

test('init with a corrected path corrects the configuration, and says so, until it is committed', () =>
  withEmptyAssets(sqlite, RECORDS, async ({ a }) => {
    await a.git('rm', '-q', '--cached', 'tandem.config.json')
    await a.git('commit', '-q', '-m', 'without')
    const path = a.database.url.replace(/^sqlite:/, '')
    await a.start('rm', ['tandem.config.json', '.env'])
    await a.start('cp', [path, 'app.db'])
    const first = await a.tandem('init', '--yes', '--source', 'app=sqlite:ap.db')
    expect(first.code).toBe(3)
    expect(first.text).toContain('wrote tandem.config.json')
    expect(first.text).toContain('tandem init --source')
    const second = await a.tandem('init', '--yes', '--source', 'app=sqlite:app.db')
    expect(second.code).toBe(0)
    expect(second.text).toContain('changed the url of source app in tandem.config.json: sqlite:ap.db → sqlite:app.db')
    expect(await a.read('tandem.config.json')).toContain('"sqlite:app.db"')
    expect((await a.tandem('init', '--source', 'other=sqlite:app.db')).text).toContain('has no source other')
    await a.git('add', 'tandem.config.json')
    await a.git('commit', '-q', '-m', 'with')
    const third = await a.tandem('init', '--source', 'app=sqlite:ap.db')
    expect(third.code).toBe(2)
    expect(third.text).toMatch(/which is committed: sqlite:app\.db\n.*git config tandem\.source\.app\.url/)
  }))

test('init with a corrected URL that is a variable puts it into .env, in the place of the former one', () =>
  withEmptyAssets(sqlite, RECORDS, async ({ a }) => {
    const right = a.database.url
    await a.write('tandem.config.json', '{ "sources": { "app": { "url": "${APP_DATABASE_URL}" } } }')
    await a.write('.env', `OTHER=1\nAPP_DATABASE_URL='sqlite:nowhere.db'\n`)
    const init = await a.tandem('init', '--yes', '--source', `app=${right}`)
    expect(init.text).toContain('changed APP_DATABASE_URL in .env')
    expect(await readFile(`${a.root}/.env`, 'utf8')).toBe(`OTHER=1\nAPP_DATABASE_URL='${right}'\n`)
  }))
