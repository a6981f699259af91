/** `tandem doctor` on a clone that is set up, and on the same clone with one thing after the other spoilt: each is found, named, and told how to put right. */
import { chmod, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROGRAM, type Asset, type Environment } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 20) } })
  ;({ a } = assets)
})
afterEach(() => assets.close())

interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  readonly hint?: string
}

interface Findings {
  readonly code: number
  readonly ok: boolean
  readonly checks: readonly Check[]
  /** What is not ok, by name. */
  readonly found: Readonly<Record<string, Check>>
}

async function doctor(environment: Environment = {}, ...args: readonly string[]): Promise<Findings> {
  const answer = await a.start(process.execPath, [PROGRAM, 'doctor', '--json', ...args], environment)
  const { ok, checks } = JSON.parse(answer.stdout) as Pick<Findings, 'ok' | 'checks'>
  const notOk = checks.filter(({ status }) => status !== 'ok')
  return { code: answer.code, ok, checks, found: Object.fromEntries(notOk.map((check) => [check.name, check])) }
}

describe('a clone that is set up', () => {
  test('is well in every respect', async () => {
    const { code, ok, checks, found } = await doctor()
    expect(found).toEqual({})
    expect([code, ok]).toEqual([0, true])
    const clone = 'git,node,environment,repository,configuration,hooks,command,merge driver,exports folder,.env'
    const moment = 'branch,clock,remote,reports,leftovers,backups'
    const source = 'approved,reachable,bound,privileges,collections,configuration,numbers,structure,held'
    expect(checks.map(({ name }) => name).join()).toBe(`${clone},${moment},app: ${source.replaceAll(',', ',app: ')}`)
  })

  test('is told line by line, with a sum', async () => {
    const answer = await a.tandem('doctor')
    expect(answer.stdout).toMatch(/^ok {4}git: git version /)
    expect(answer.stdout).toMatch(/\n25 checks: 0 failed, 0 warnings\n$/)
  })

  test('stays as it is: nothing is changed by looking', async () => {
    const state = `SELECT * FROM _tandem ORDER BY 1`
    const before = await a.database.run(state)
    await doctor()
    expect(await a.database.run(state)).toEqual(before)
    expect((await a.git('status', '--porcelain')).stdout).toBe('')
    expect((await a.tandem('status', '--json')).stdout).toContain('"state":"in-sync"')
  })
})

/** What is spoilt, by whom, and what must be found: check, status, words of the message, words of the hint. */
type Trouble = readonly [
  title: string,
  spoil: () => Promise<unknown>,
  found: readonly [name: string, status: 'warn' | 'fail', message: RegExp, hint: RegExp],
]

const troubles: readonly Trouble[] = [
  [
    'a hook that somebody removed',
    () => rm(path.join(a.root, '.git/hooks/pre-push')),
    ['hooks', 'fail', /missing or outdated: pre-push$/, /tandem init/],
  ],
  [
    'a hook script of another version',
    () => a.write('.git/tandem/hook.sh', '# old\n'),
    ['hooks', 'fail', /another version: hook\.sh/, /tandem init/],
  ],
  [
    'a program that has moved',
    () => a.git('config', 'tandem.command', "'node' '/nowhere/tandem.js'"),
    ['command', 'fail', /cannot start tandem: no command found/, /tandem init/],
  ],
  [
    'a program that does not run',
    async () => {
      const file = path.join(assets.folder, 'broken')
      await writeFile(file, '#!/bin/sh\necho "it is broken" >&2\nexit 3\n')
      await chmod(file, 0o755)
      await a.git('config', 'tandem.command', `'${file}'`)
    },
    ['command', 'fail', /cannot start tandem: it is broken/, /tandem init/],
  ],
  [
    'a merge driver that is not registered',
    () => a.git('config', '--remove-section', 'merge.tandem'),
    ['merge driver', 'fail', /plain text/, /tandem init/],
  ],
  [
    'attributes of the user that rewrite line ends',
    () => a.write('.git/info/attributes', '* text=auto\n'),
    ['exports folder', 'fail', /the attribute text is auto/, /Correct that rule/],
  ],
  [
    'exports that git ignores',
    () => a.write('.git/info/exclude', 'exports/\n'),
    ['exports folder', 'fail', /git ignores exports/, /Correct that rule/],
  ],
  [
    'an exports folder without its attributes',
    async () => {
      await a.git('rm', '-q', 'exports/.gitattributes')
    },
    ['exports folder', 'fail', /exports\/\.gitattributes is missing/, /tandem init/],
  ],
  [
    'an .env that git would take along',
    async () => {
      await a.write('.gitignore', 'data/\n')
      await a.write('.env', 'PASSWORD=secret\n')
    },
    ['.env', 'fail', /does not ignore it/, /\.gitignore/],
  ],
  [
    'an .env that is in the history',
    async () => {
      await a.write('.env', 'PASSWORD=secret\n')
      await a.git('add', '-f', '.env')
    },
    ['.env', 'fail', /git tracks it/, /Change those passwords/],
  ],
  [
    'a pause',
    () => a.tandem('pause'),
    ['branch', 'warn', /not carried: tandem is paused/, /tandem resume && tandem apply/],
  ],
  [
    'a branch that carries nothing',
    () => a.git('switch', '-q', '-c', 'idea'),
    ['branch', 'warn', /branch idea does not carry data/, /Switch to a branch/],
  ],
  [
    'a clock that is behind',
    () =>
      a.start('git', ['commit', '-q', '--allow-empty', '-m', 'later'], { GIT_COMMITTER_DATE: '2099-01-01T00:00:00Z' }),
    ['clock', 'fail', /days ahead of this machine's clock/, /--accept-clock/],
  ],
  [
    'a data commit that nobody has yet',
    async () => {
      await a.database.insert('traders', traders('id', 1, 500))
      await a.tandem('export', '--commit')
    },
    ['remote', 'warn', /data commits that no remote has yet: [0-9a-f]{7}$/, /next git push/],
  ],
  [
    'a repository without a remote',
    () => a.git('remote', 'remove', 'origin'),
    ['remote', 'warn', /there is none/, /git remote add/],
  ],
  [
    'the lock of a run that was killed',
    async () => {
      const owner = { host: hostname(), pid: 4194305, start: '1', token: 'gone' }
      await a.write('.git/tandem/lock', JSON.stringify(owner))
    },
    ['leftovers', 'warn', /the lock of a run that died/, /tandem apply/],
  ],
  [
    'the marks of a push and a commit that were killed',
    async () => {
      await a.write('.git/tandem/push/4194305', '{}\n')
      await a.write('.git/index.lock', 'tandem index lock, pid 4194305\n')
    },
    ['leftovers', 'warn', /index lock of a run that died.*marks of 1 push /, /tandem apply/],
  ],
  [
    'a source that goes elsewhere since a pull',
    async () => {
      await a.write('tandem.config.json', (await a.read('tandem.config.json')).replace('data/app.db', 'data/other.db'))
    },
    ['app: approved', 'fail', /goes elsewhere than approved/, /tandem init/],
  ],
  [
    'a database that is gone',
    () => rm(path.join(a.root, 'data/app.db')),
    ['app: reachable', 'fail', /data\/app\.db/, /./],
  ],
  [
    'another database in its place',
    () => a.database.run(`UPDATE _tandem SET value = 'another' WHERE name = 'id'`),
    ['app: bound', 'fail', /another database than the one/, /tandem init/],
  ],
  [
    'a table without a key',
    () => a.database.run('CREATE TABLE notes (text TEXT)'),
    ['app: collections', 'fail', /notes has no primary key/, /tandem\.config\.json/],
  ],
  [
    'a misspelt field in the configuration',
    async () => {
      const config = (await a.read('tandem.config.json')).replace(
        '"collections": {',
        '"collections": { "traders": { "critical": ["profit_us"] }, "trades": {},',
      )
      await a.write('tandem.config.json', config)
    },
    [
      'app: configuration',
      'warn',
      /no collection trades \(did you mean traders\?\).*no field profit_us/,
      /Correct the names/,
    ],
  ],
  [
    'a collection that is held',
    async () => {
      await a.database.run('DROP TABLE posts')
      await a.tandem('export', '--commit')
    },
    ['app: held', 'warn', /app\/posts \(just now\): .*run your migrations/, /tandem status/],
  ],
]

describe('finds', () => {
  test.each(troubles)('%s', async (_, spoil, [name, status, message, hint]) => {
    await spoil()
    const { code, ok, found } = await doctor()
    expect(found[name]).toMatchObject({
      status,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    })
    const failed = Object.values(found).some((check) => check.status === 'fail')
    expect([code, ok]).toEqual(failed ? [1, false] : [0, true])
  })

  test.each([
    [{ TANDEM_SKIP: '1' }, 'TANDEM_SKIP=1'],
    [{ CI: 'true' }, 'CI=true'],
  ])('that %o switches the hooks off', async (environment, words) => {
    const { code, found } = await doctor(environment)
    expect(found['environment']).toMatchObject({ status: 'warn', message: expect.stringContaining(words) })
    expect(code).toBe(0)
  })

  test('CI=false to switch nothing off', async () => {
    expect((await doctor({ CI: 'false' })).found).toEqual({})
  })

  test('an invalid configuration, and does not go on from there', async () => {
    await a.write('tandem.config.json', '{"sources":{"app":{"url":"sqlite:x","inclde":["*"]}}}')
    const { code, checks, found } = await doctor()
    expect(code).toBe(1)
    expect(found['configuration']).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('did you mean "include"?'),
    })
    expect(checks.at(-1)?.name).toBe('configuration')
  })

  test('that there is no repository, and no git', async () => {
    const outside = await doctor({}, '-C', assets.folder)
    expect(outside.found['repository']).toMatchObject({ status: 'fail', hint: expect.stringContaining('git init') })
    const nothing = await doctor({ PATH: '/nowhere' })
    expect(nothing.found['git']).toMatchObject({ status: 'fail', hint: expect.stringContaining('Install git 2.31') })
    expect([outside.code, nothing.code]).toEqual([1, 1])
  })
})

test('a target that nobody approved is not even connected to', async () => {
  await a.write('tandem.config.json', (await a.read('tandem.config.json')).replace('data/app.db', 'data/other.db'))
  const { checks } = await doctor()
  expect(checks.map(({ name }) => name)).not.toContain('app: reachable')
  expect((await a.start('ls', ['data'])).stdout).not.toContain('other.db')
})

test('what doctor advises puts a clone right that was never set up', async () => {
  await a.git('config', '--remove-section', 'merge.tandem')
  await rm(path.join(a.root, '.git/hooks'), { recursive: true })
  await rm(path.join(a.root, '.git/tandem'), { recursive: true })
  const before = await doctor()
  expect(Object.keys(before.found)).toEqual(expect.arrayContaining(['hooks', 'command', 'merge driver']))
  expect((await a.tandem('init', '--yes')).code).toBe(0)
  expect((await doctor()).found).toEqual({})
})

test('--only looks at one source, and knows its name', async () => {
  expect((await doctor({}, '--only', 'app')).code).toBe(0)
  expect((await a.tandem('doctor', '--only', 'ap')).code).toBe(2)
})
