/** The commands that look, and those that need no push or pull: stats, diff, report, pause, resume, merge-file; each with its exit codes, its words and its JSON. `doctor` has a file of its own. */
import { rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROGRAM, type Answer, type Asset } from '../support/asset.ts'
import { sqlite } from '../support/live-sqlite.ts'
import { trader, traders } from '../support/traders.ts'
import { readyAssets, type TwoAssets } from '../support/two-assets.ts'

let assets: TwoAssets
let a: Asset
let b: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 120) } })
  ;({ a, b } = assets)
})
afterEach(() => assets.close())

/** The one JSON value of an answer's standard output, or the part of it to which these names lead. */
function json(answer: Answer, ...names: readonly string[]): unknown {
  return names.reduce(
    (value, name) => (value as Readonly<Record<string, unknown>>)[name],
    JSON.parse(answer.stdout) as unknown,
  )
}

/** Both machines edit one trader's name, b pulls a's edit: the names are in conflict. */
async function conflict(): Promise<void> {
  await a.database.change('traders', { id: 'trader-0001' }, { username: 'from a', updated_at: new Date() })
  await b.database.change('traders', { id: 'trader-0001' }, { username: 'from b', updated_at: new Date() })
  await a.commit('code.txt', 'two\n')
  await a.git('push', '-q')
  await b.git('pull', '-q', '--no-edit')
}

describe('stats', () => {
  test('counts live and exported records, and names layout, files and the last data commit', async () => {
    await a.database.insert('traders', traders('id', 200, 121))
    const answer = await a.tandem('stats', '--json')
    expect(answer.code).toBe(0)
    const head = await a.id('HEAD')
    expect(json(answer)).toMatchObject({
      version: 1,
      ok: true,
      head,
      sources: {
        app: {
          database: 'data/app.db',
          collections: {
            traders: { records: 320, exported: 120, layout: 'single', files: 1, syncPoint: head },
            posts: { records: 0, exported: 0, layout: 'single', files: 1 },
          },
          lastDataCommit: { commit: head, asset: 'a' },
        },
      },
    })
    expect(answer.stderr).toMatch(/traders +320 +120 +single +1 +HEAD/)
  })

  test('the seed called it --stats', async () => {
    const [flag, command] = [await a.tandem('--stats'), await a.tandem('stats')]
    expect(flag.stdout).toBe(command.stdout)
    expect(flag.stdout).toMatch(/last data commit [0-9a-f]{7} of a, /)
  })

  test('files are counted where a collection has many, and emptied ones with them', async () => {
    await a.database.insert(
      'posts',
      Array.from({ length: 400 }, (_, i) => ({ id: i + 1, title: `t${i}` })),
    )
    await a.tandem('export', '--commit', '--relayout')
    await a.database.run('DELETE FROM posts WHERE id > 300')
    expect((await a.tandem('export', '--commit', '--allow-deletes', 'posts=100')).code).toBe(0)
    // seven of the new layout, and the emptied one of the old
    const posts = json(await a.tandem('stats', '--json'), 'sources', 'app', 'collections', 'posts')
    expect(posts).toMatchObject({ records: 300, exported: 300, layout: 'range:6', files: 8 })
  })

  test('one source that cannot be reached is told, with exit code 3, and the others are shown', async () => {
    const config = JSON.parse(await a.read('tandem.config.json')) as { sources: Record<string, unknown> }
    config.sources['more'] = { url: 'sqlite:data/more.db' }
    await a.write('tandem.config.json', JSON.stringify(config))
    const more = path.join(a.root, 'data/more.db')
    await a.start('cp', ['data/app.db', 'data/more.db'])
    await a.start(process.execPath, ['-e', MAKE_TABLE, more], {
      NODE_PATH: path.resolve(PROGRAM, '../../../node_modules'),
    })
    expect((await a.tandem('init', '--yes', '--join', 'unite')).code).toBe(0)
    await rm(more)
    const answer = await a.tandem('stats', '--json')
    expect(answer.code).toBe(3)
    expect(json(answer, 'ok')).toBe(false)
    expect(json(answer, 'sources', 'app')).toMatchObject({ collections: { traders: { records: 120 } } })
    expect(json(answer, 'sources', 'more')).toMatchObject({ error: { code: 'unreachable' } })
  })

  test('--only takes a source or a collection, and corrects a misspelt one', async () => {
    const one = json(await a.tandem('stats', '--only', 'app/posts', '--json'), 'sources', 'app', 'collections')
    expect(Object.keys(one as object)).toEqual(['posts'])
    const wrong = await a.tandem('stats', '--only', 'app/trader')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('Did you mean app/traders?')
    expect((await a.tandem('stats', '--only', 'ap')).code).toBe(2)
  })

  test('a table that the exports have and the database has not is shown as missing', async () => {
    await a.database.run('DROP TABLE posts')
    const answer = await a.tandem('stats')
    expect(answer.code).toBe(0)
    expect(answer.stdout).toMatch(/posts +missing +0 /)
  })
})

const MAKE_TABLE = `
const Database = require('libsql')
const database = new Database(process.argv[1])
database.exec('DROP TABLE traders; DROP TABLE posts; DROP TABLE _tandem; CREATE TABLE extra (id TEXT PRIMARY KEY)')`

describe('diff', () => {
  test('says nothing differs, with exit code 0', async () => {
    const answer = await a.tandem('diff')
    expect([answer.code, answer.stdout]).toEqual([0, 'no difference: live is what HEAD holds\n'])
  })

  test('shows added, changed and removed records, with exit code 1, until a push has carried them', async () => {
    await a.database.insert('traders', [trader('id', 500)])
    await a.database.change('traders', { id: 'trader-0002' }, { profit_usd: 7, note: null })
    await a.database.remove('traders', { id: 'trader-0003' })
    const answer = await a.tandem('diff')
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('app/traders: +1 ~1 -1\n')
    expect(answer.stdout).toContain('  + ["trader-0500"] {')
    expect(answer.stdout).toContain(
      '  ~ ["trader-0002"]\n      note: "" → (absent)\n      profit_usd: {"$real":"2.5"} → {"$real":"7.0"}\n',
    )
    expect(answer.stdout).toContain('  - ["trader-0003"] {')
    await a.git('push', '-q')
    expect((await a.tandem('diff')).code).toBe(0)
  })

  test('as JSON has every change, values as they stand in the export', async () => {
    await a.database.run(`UPDATE traders SET profit_usd = 26.940, user_id = 9007199254740993 WHERE id = 'trader-0002'`)
    await a.database.run(`DELETE FROM traders WHERE id > 'trader-0010'`)
    const answer = await a.tandem('diff', '--json')
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('"user_id":{"exported":1002,"live":{"$int":"9007199254740993"}}')
    const empty = { added: [], changed: [], removed: [] }
    expect(json(answer, 'sources', 'app', 'collections', 'posts')).toEqual(empty)
    const found = json(answer, 'sources', 'app', 'collections', 'traders')
    expect(found).toMatchObject({ added: [], changed: [{ key: ['trader-0002'] }] })
    const removed = json(answer, 'sources', 'app', 'collections', 'traders', 'removed') as readonly unknown[]
    expect(removed).toHaveLength(110)
    expect(removed[0]).toMatchObject({ key: ['trader-0011'], record: { id: 'trader-0011', user_id: 1011 } })
  })

  test('shows 100 records of a collection, and all with --full', async () => {
    await a.database.run(`UPDATE traders SET note = 'changed'`)
    const [short, full] = [await a.tandem('diff'), await a.tandem('diff', '--full')]
    const count = (answer: Answer): number => answer.stdout.match(/^ {2}~ /gm)?.length ?? 0
    expect([count(short), count(full)]).toEqual([100, 120])
    expect(short.stdout).toContain('… and 20 more records: --full shows all')
  })

  test('goes on to its end when nobody reads on', async () => {
    await a.database.insert('traders', traders('id', 2000, 500))
    const program = `'${process.execPath}' '${PROGRAM}' diff --full; echo "exit code $?" >&2`
    const answer = await a.start('sh', ['-c', `(${program}) | head -1`])
    expect(answer.stdout).toBe('app/traders: +2000 ~0 -0\n')
    expect(answer.stderr).toBe('exit code 1\n')
  })

  test('values cannot write on the terminal', async () => {
    await a.database.change('traders', { id: 'trader-0002' }, { note: '\u001b[2J\u202egone' })
    const answer = await a.tandem('diff')
    for (const character of ['\u001b', '\u202e']) expect(answer.stdout).not.toContain(character)
    expect(answer.stdout).toContain('[2J')
  })

  test('a dropped table is never shown as so many deletions', async () => {
    await a.database.run('DROP TABLE traders')
    const answer = await a.tandem('diff')
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('app/traders: not compared: data/app.db has no traders')
    expect(answer.stdout).not.toContain('trader-0001')
  })

  test('a damaged export is exit code 4 and names file and line', async () => {
    const file = 'exports/app/traders/records.jsonl'
    await a.write(file, (await a.read(file)).replace('"user1"', '"userX"'))
    await a.git('commit', '-q', '--no-verify', '-am', 'damage')
    const answer = await a.tandem('diff', '--json')
    expect(answer.code).toBe(4)
    expect(json(answer)).toMatchObject({ ok: false, sources: { app: { error: { code: 'damaged' } } } })
    expect(answer.stderr).toMatch(/records\.jsonl:2: the hash of record/)
  })
})

describe('report', () => {
  test('there is none before a merge decided anything', async () => {
    expect((await a.tandem('report')).stdout).toBe('no merge report yet\n')
    expect(json(await a.tandem('report', 'list', '--json'))).toEqual({ version: 1, ok: true, reports: [] })
    expect((await a.tandem('report', 'show')).code).toBe(2)
  })

  test('a conflict is listed while its report waits, shown as written, and travels with the next push', async () => {
    await conflict()
    const list = await b.tandem('report')
    expect(list.code).toBe(0)
    expect(list.stdout).toMatch(/ app +SUCCESS +1 +\S+ \(waits for the next push\)\n/)
    type Listed = readonly { readonly name: string; readonly path: string }[]
    const [one] = json(await b.tandem('report', 'list', '--json'), 'reports') as Listed
    expect(one).toMatchObject({ waiting: true, source: 'app', status: 'SUCCESS', conflicts: 1, asset: 'b' })
    const shown = await b.tandem('report', 'show')
    expect(shown.stdout).toContain('DATABASE SYNCHRONIZATION REPORT')
    for (const name of ['from a', 'from b']) expect(shown.stdout).toContain(name)
    const report = await b.tandem('report', 'show', one?.name.slice(0, 20) ?? '', '--json')
    expect(json(report)).toMatchObject({ version: 1, source: 'app' })
    const losing = { collection: 'traders', field: 'username', ours: 'from b', theirs: 'from a', chosen: 'from b' }
    expect(json(report, 'decisions')).toContainEqual(expect.objectContaining(losing))
    await b.git('push', '-q')
    await a.git('pull', '-q')
    expect((await a.tandem('report')).stdout).toMatch(/ app +SUCCESS +1 +\S+\n$/)
    expect((await a.tandem('report', 'show', one?.path ?? '')).stdout).toBe(shown.stdout)
    expect(json(await a.tandem('report', '--only', 'other', '--json'), 'reports')).toEqual([])
  })

  test('a report that is gone from the work tree is shown all the same', async () => {
    await conflict()
    await rm(path.join(b.root, 'exports/reports'), { recursive: true })
    expect((await b.tandem('report', 'show', 'latest')).stdout).toContain('from a')
  })

  test('a hostile or damaged report is told with exit code 4; the others are listed, nothing is followed', async () => {
    await conflict()
    await b.git('push', '-q')
    const folder = path.join(b.root, 'exports/reports/2020-01')
    await b.write('exports/reports/2020-01/20200101T000000Z-app-bad.json', '{"version":1}')
    await symlink('/etc/passwd', path.join(folder, '20200101T000000Z-app-link.json'))
    await b.git('add', 'exports/reports')
    await b.git('commit', '-q', '-m', 'reports')
    const list = await b.tandem('report')
    expect(list.code).toBe(4)
    expect(list.stdout).toMatch(/ app +SUCCESS +1 /)
    expect(list.stdout.match(/DAMAGED/g)).toHaveLength(2)
    expect(list.text).not.toContain('root:')
    expect((await b.tandem('report', 'show', '20200101T000000Z-app-link')).code).toBe(4)
    expect((await b.tandem('report', 'show')).code).toBe(0)
  })

  test('a name that fits none or several is refused', async () => {
    await conflict()
    expect((await b.tandem('report', 'show', 'nothing')).code).toBe(2)
    expect((await b.tandem('report', 'list', 'latest')).code).toBe(2)
    expect((await b.tandem('report', 'shew')).code).toBe(2)
  })
})

describe('pause and resume', () => {
  test('while paused nothing is exported or applied; afterwards nothing is lost', async () => {
    const paused = await a.tandem('pause', '--json')
    expect(json(paused)).toMatchObject({ version: 1, ok: true, paused: true, changed: true })
    await a.database.insert('traders', [trader('id', 500)])
    await b.database.insert('traders', [trader('id', 501)])
    await b.git('push', '-q')
    await a.git('pull', '-q')
    const push = await a.git('push')
    expect(push.stderr).toContain('tandem: data not carried: tandem is paused')
    const [apply, exported] = [await a.tandem('apply'), await a.tandem('export', '--commit')]
    expect([apply.code, exported.code]).toEqual([2, 2])
    expect(apply.stderr).toContain('Run: tandem resume')
    expect((await a.database.rows('traders')).length).toBe(121)

    const resumed = await a.tandem('resume')
    expect(resumed.stdout).toMatch(/^resumed \(paused since .*tandem apply\n$/)
    expect((await a.tandem('apply')).code).toBe(0)
    await a.git('push', '-q')
    await b.git('pull', '-q')
    expect((await a.digest()).live).toBe((await b.digest()).live)
    expect((await b.database.rows('traders')).length).toBe(122)
  })

  test('a second pause keeps the first one’s time, a resume without one is harmless', async () => {
    const first = await a.tandem('pause', '--json')
    const second = await a.tandem('pause', '--json')
    expect(json(second)).toEqual({ ...(json(first) as object), changed: false })
    expect(json(await a.tandem('resume', '--json'))).toMatchObject({ paused: false, changed: true })
    expect(json(await a.tandem('resume', '--json'))).toEqual({ version: 1, ok: true, paused: false, changed: false })
  })

  test('--dry-run changes nothing, and a broken configuration hinders neither', async () => {
    await a.tandem('pause', '--dry-run')
    expect((await a.try('config', 'tandem.paused')).code).toBe(1)
    await a.write('tandem.config.json', '{')
    expect((await a.tandem('pause')).code).toBe(0)
    await a.tandem('resume', '--dry-run')
    expect((await a.try('config', 'tandem.paused')).code).toBe(0)
    expect((await a.tandem('resume')).code).toBe(0)
  })

  test('outside a repository both are usage errors', async () => {
    expect((await a.tandem('pause', '-C', assets.folder)).code).toBe(2)
    expect((await a.tandem('resume', '-C', assets.folder)).code).toBe(2)
  })
})

describe('merge-file', () => {
  const EXPORT = 'exports/app/traders/records.jsonl'
  const POSTS = 'exports/app/posts/records.jsonl'

  /** Copies of an export: as it is at HEAD, and after each of two machines changed something. */
  async function sides(file: string, ours: () => Promise<void>, theirs: () => Promise<void>): Promise<void> {
    await writeFile(path.join(assets.folder, 'base'), await a.read(file))
    await ours()
    await a.tandem('export')
    await writeFile(path.join(assets.folder, 'ours'), await a.read(file))
    await theirs()
    await b.tandem('export')
    await writeFile(path.join(assets.folder, 'theirs'), await b.read(file))
  }

  const oneEach = (): Promise<void> =>
    sides(
      EXPORT,
      () => a.database.change('traders', { id: 'trader-0001' }, { note: 'ours' }),
      () => b.database.change('traders', { id: 'trader-0001' }, { ticker: 'THEIRS' }),
    )

  test('merges by field, to standard output and nothing else there, outside any repository', async () => {
    await oneEach()
    const answer = await a.tandem('merge-file', 'base', 'ours', 'theirs', '-C', assets.folder)
    expect(answer.code).toBe(0)
    expect(answer.stdout.split('\n')).toHaveLength(122)
    expect(answer.stdout).toMatch(/"id":"trader-0001","note":"ours".*"ticker":"THEIRS"/)
    expect(answer.stderr).toContain('SUCCESS: 0 conflicts resolved, 120 records')
  })

  test('what it writes is what an export of the merged data is, byte for byte', async () => {
    await oneEach()
    const answer = await a.tandem('merge-file', '../base', '../ours', '../theirs', '-o', '../ours')
    expect([answer.code, answer.stdout.split('\n').length > 3]).toEqual([0, false])
    await a.database.change('traders', { id: 'trader-0001' }, { ticker: 'THEIRS' })
    expect((await a.tandem('export', '--commit')).code).toBe(0)
    expect(await a.read('../ours')).toBe((await a.git('show', `HEAD:${EXPORT}`)).stdout)
  })

  test('reads one side from standard input', async () => {
    await oneEach()
    const line = `cat ours | '${process.execPath}' '${PROGRAM}' merge-file base - theirs --quiet`
    const answer = await a.start('sh', ['-c', `cd .. && ${line}`])
    expect([answer.code, answer.stderr]).toEqual([0, ''])
    expect(answer.stdout).toContain('"note":"ours"')
  })

  test('two different records of one handed-out number: exit code 1, both in the report, where the rules are known', async () => {
    await sides(
      POSTS,
      () => a.database.insert('posts', [{ id: 1, title: 'ours' }]),
      () => b.database.insert('posts', [{ id: 1, title: 'theirs' }]),
    )
    const args = ['merge-file', '../base', '../ours', '../theirs', '--report', '../why.json']
    const answer = await a.tandem(...args)
    expect(answer.code).toBe(1)
    expect(answer.stderr).toContain('[1] stands for two records')
    expect(answer.stdout.match(/"title"/g)).toHaveLength(1)
    const report = JSON.parse(await a.read('../why.json')) as { status: string; decisions: unknown[] }
    expect(report).toMatchObject({ status: 'HELD', decisions: [{ kind: 'key-collision', key: [1] }] })
    expect(JSON.stringify(report.decisions)).toMatch(/ours.*theirs/)
    const outside = await a.tandem('merge-file', 'base', 'ours', 'theirs', '-C', assets.folder)
    expect(outside.code).toBe(0)
  })

  test('goes by the rules of the collection that the files name, or of the one that --collection names', async () => {
    const config = JSON.parse(await a.read('tandem.config.json')) as { sources: Record<string, object> }
    const collections = { traders: { counters: ['user_id'] }, posts: {} }
    await a.write(
      'tandem.config.json',
      JSON.stringify({ ...config, sources: { app: { ...config.sources['app'], collections } } }),
    )
    await sides(
      EXPORT,
      () => a.database.run(`UPDATE traders SET user_id = user_id + 10 WHERE id = 'trader-0001'`).then(() => undefined),
      () => b.database.run(`UPDATE traders SET user_id = user_id + 5 WHERE id = 'trader-0001'`).then(() => undefined),
    )
    const merged = ['merge-file', '../base', '../ours', '../theirs']
    const userOf = (answer: Answer): string => /"trader-0001".*?"user_id":(\d+)/.exec(answer.stdout)?.[1] ?? ''
    expect(userOf(await a.tandem(...merged))).toBe('1016')
    expect(userOf(await a.tandem(...merged, '--collection', 'app/traders'))).toBe('1016')
    expect(userOf(await a.tandem(...merged, '--collection', 'posts'))).toBe('1011')
    const outside = ['merge-file', 'base', 'ours', 'theirs', '--collection', 'posts', '-C', '..']
    expect((await a.tandem(...outside)).code).toBe(2)
  })

  test('as JSON prints one value: the report, and the merged text where no file takes it', async () => {
    await oneEach()
    const value = await a.tandem('merge-file', '../base', '../ours', '../theirs', '--json')
    expect(json(value)).toMatchObject({
      version: 1,
      ok: true,
      report: { version: 1, source: 'app', status: 'SUCCESS' },
    })
    expect(json(value, 'merged')).toBe((await a.tandem('merge-file', '../base', '../ours', '../theirs')).stdout)
    const written = await a.tandem('merge-file', '../base', '../ours', '../theirs', '--json', '-o', '../out')
    expect(json(written, 'merged')).toBeUndefined()
    expect(await a.read('../out')).toBe(json(value, 'merged'))
  })

  test('a damaged side is exit code 4, and no file is written', async () => {
    await oneEach()
    await a.write('../theirs', (await a.read('../theirs')).replace('THEIRS', 'XHEIRS'))
    const args = ['merge-file', '../base', '../ours', '../theirs', '-o', '../out', '--report', '../why.json']
    const answer = await a.tandem(...args, '--json')
    expect(answer.code).toBe(4)
    expect(json(answer)).toMatchObject({ ok: false, error: { code: 'damaged' } })
    await expect(a.read('../out')).rejects.toThrow(/ENOENT/)
    await expect(a.read('../why.json')).rejects.toThrow(/ENOENT/)
  })

  test('an invalid configuration is told, not passed over', async () => {
    await oneEach()
    await a.write('tandem.config.json', '{"sources":{}}')
    expect((await a.tandem('merge-file', '../base', '../ours', '../theirs')).code).toBe(2)
  })
})

describe('help and completion', () => {
  const COMMANDS = ['stats', 'diff', 'report', 'pause', 'resume', 'doctor', 'merge-file']

  test.each(COMMANDS)('%s --help has examples', async (name) => {
    const answer = await a.tandem(name, '--help')
    expect(answer.code).toBe(0)
    expect(answer.stdout).toMatch(new RegExp(`Examples:\\n +tandem ${name}`))
  })

  test('-C works from anywhere, also below the top of the repository', async () => {
    for (const name of ['stats', 'diff', 'report', 'doctor']) {
      const answer = await b.tandem(name, '--json', '-C', path.join(a.root, 'exports'))
      expect([name, answer.code]).toEqual([name, 0])
      expect(json(answer, 'version')).toBe(1)
    }
  })

  test.each(['/bin/bash', '/bin/zsh'])('%s completes the names of commands, options and actions', async (shell) => {
    const complete = async (...words: readonly string[]): Promise<string> => {
      const args = [PROGRAM, '--get-yargs-completions', 'tandem', ...words]
      return (await a.start(process.execPath, args, { SHELL: shell })).stdout
    }
    const names = (await complete('')).split('\n').map((line) => line.split(':', 1)[0])
    expect(names).toEqual(expect.arrayContaining([...COMMANDS, 'init', 'status']))
    expect(await complete('stats', '--')).toContain('--only')
    expect(await complete('report', '')).toMatch(/^show/m)
  })

  test('the completion script is one that bash reads, and completes with', async () => {
    const script = await a.start(process.execPath, [PROGRAM, 'completion'], { SHELL: '/bin/bash' })
    await a.write('../completion.bash', script.stdout)
    await a.write('../bin/tandem', `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
    await a.start('chmod', ['+x', '../bin/tandem'])
    const lines =
      '. ../completion.bash; COMP_WORDS=(tandem st); COMP_CWORD=1; _tandem_yargs_completions; echo "${COMPREPLY[*]}"'
    const answer = await a.start('bash', ['-c', lines], {
      PATH: `${path.join(assets.folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      SHELL: '/bin/bash',
    })
    expect(answer.stdout.trim().split(' ')).toEqual(['status', 'stats'])
  })
})
