/** The second drive: a folder that `tandem mirror` keeps alike with the work tree, in a real repository, with the built command. */
import { mkdir, readFile, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Answer, Asset } from '../../support/asset.ts'
import { openSqlite, sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset
let mirror: string

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 5) } })
  a = assets.a
  mirror = path.join(assets.folder, 'second-drive')
  await configure({ to: mirror })
})
afterEach(() => assets.close())

async function configure(options: object): Promise<void> {
  const configuration = JSON.parse(await a.read('tandem.config.json')) as object
  await a.write('tandem.config.json', JSON.stringify({ ...configuration, mirror: options }))
}

async function succeeded(...words: readonly string[]): Promise<Answer> {
  const answer = await a.tandem('mirror', ...words)
  expect(answer).toMatchObject({ code: 0 })
  return answer
}

const onMirror = (name: string): Promise<string> => readFile(path.join(mirror, name), 'utf8')

interface Events {
  readonly events: readonly { readonly side: string; readonly kind: string; readonly reason: string }[]
}

const eventsOf = async (name: string): Promise<Events['events']> =>
  (JSON.parse((await succeeded('log', name, '--json')).stdout) as Events).events

test('before init nothing is written anywhere; init unites both sides and deletes nothing', async () => {
  await mkdir(mirror)
  await writeFile(path.join(mirror, 'old.txt'), 'only here')
  await a.write('new.txt', 'only there')
  expect(await a.tandem('mirror', 'run')).toMatchObject({ code: 5, text: expect.stringMatching(/tandem mirror init/) })
  expect(await readdir(mirror)).toEqual(['old.txt'])
  await succeeded('init')
  expect(await a.read('old.txt')).toBe('only here')
  expect(await onMirror('new.txt')).toBe('only there')
  // git does not see what is the mirror's own
  expect((await a.git('status', '--porcelain')).stdout).not.toContain('.tandem-mirror')
  expect((await succeeded('run')).text).toMatch(/both sides are alike/)
  expect((await a.tandem('verify')).text).toMatch(/files: \d+ \| mirror files: \d+ \| Match: ✅/)
})

test('edits, deletes, renames and links go both ways, also an edit that keeps size and time; the log says why', async () => {
  await a.write('kept.txt', 'one')
  await a.write('gone.txt', 'gone')
  await a.write('before.txt', 'a text that is renamed')
  await succeeded('init')
  await sleep(120)
  await succeeded('run')
  const { atime, mtime } = await stat(path.join(mirror, 'kept.txt'))
  await writeFile(path.join(mirror, 'kept.txt'), 'two')
  await utimes(path.join(mirror, 'kept.txt'), atime, mtime)
  await rm(path.join(mirror, 'gone.txt'))
  await rename(path.join(a.root, 'before.txt'), path.join(a.root, 'after.txt'))
  await symlink('kept.txt', path.join(a.root, 'link'))
  await succeeded('run')
  expect(await a.read('kept.txt')).toBe('two')
  expect(await readdir(a.root)).not.toContain('gone.txt')
  expect(await onMirror('after.txt')).toBe('a text that is renamed')
  expect(await readdir(mirror)).not.toContain('before.txt')
  expect(await onMirror('link')).toBe('two')
  expect(await eventsOf('after.txt')).toMatchObject([
    { side: 'mirror', kind: 'move', reason: 'renamed on the primary' },
  ])
  const [, deleted] = await eventsOf('gone.txt')
  expect(deleted).toMatchObject({ side: 'primary', kind: 'trash', reason: 'deleted on the mirror' })
  const [run = ''] = await readdir(path.join(a.root, '.tandem-mirror/trash'))
  expect(await a.read(`.tandem-mirror/trash/${run}/gone.txt`)).toBe('gone')
})

test('of a file that both sides changed the newest keeps the name, the other is beside it on both, and exit code 1 stays until one is chosen', async () => {
  await a.write('notes.txt', 'common')
  await succeeded('init')
  await a.write('notes.txt', 'from the primary')
  await sleep(20)
  await writeFile(path.join(mirror, 'notes.txt'), 'from the mirror, later')
  const answer = await a.tandem('mirror', 'run', '--json')
  expect(answer.code).toBe(1)
  const { conflicts } = JSON.parse(answer.stdout) as { conflicts: { path: string; saved: string }[] }
  expect(conflicts).toMatchObject([{ path: 'notes.txt', loser: 'primary' }])
  const saved = conflicts[0]?.saved ?? ''
  for (const read of [a.read.bind(a), onMirror]) {
    expect(await read('notes.txt')).toBe('from the mirror, later')
    expect(await read(saved)).toBe('from the primary')
  }
  expect((await a.tandem('mirror', 'run')).code).toBe(1)
  await succeeded('resolve', 'notes.txt', '--keep', 'saved')
  expect(await onMirror('notes.txt')).toBe('from the primary')
  expect(await readdir(mirror)).not.toContain(saved)
  await succeeded('run')
})

test('critical files stay as they are on both sides until a person has chosen', async () => {
  await configure({ to: mirror, critical: ['config/*.json'] })
  await a.write('config/app.json', '1')
  await succeeded('init')
  await a.write('config/app.json', '2')
  await writeFile(path.join(mirror, 'config/app.json'), '3')
  expect((await a.tandem('mirror', 'run')).code).toBe(1)
  expect([await a.read('config/app.json'), await onMirror('config/app.json')]).toEqual(['2', '3'])
  await succeeded('resolve', 'config/app.json', '--keep', 'primary')
  expect(await onMirror('config/app.json')).toBe('2')
})

test('a side that is gone, empty, unmarked or swapped stops the run before anything is changed', async () => {
  for (let i = 0; i < 12; i++) await a.write(`files/${i}.txt`, `text ${i}`)
  await succeeded('init')
  const away = `${mirror}-away`
  await rename(mirror, away)
  expect(await a.tandem('mirror', 'run')).toMatchObject({ code: 3 })
  await mkdir(mirror)
  expect(await a.tandem('mirror', 'run')).toMatchObject({ code: 5, text: expect.stringMatching(/no marker/) })
  await mkdir(path.join(mirror, '.tandem-mirror'))
  await writeFile(
    path.join(mirror, '.tandem-mirror/marker.json'),
    await readFile(path.join(away, '.tandem-mirror/marker.json'), 'utf8'),
  )
  expect(await a.tandem('mirror', 'run')).toMatchObject({ code: 5, text: expect.stringMatching(/none of the/) })
  await rm(mirror, { recursive: true })
  await rename(away, mirror)
  const [own, other] = await Promise.all(
    [a.root, mirror].map((root) => readFile(path.join(root, '.tandem-mirror/marker.json'), 'utf8')),
  )
  await writeFile(path.join(a.root, '.tandem-mirror/marker.json'), other ?? '')
  await writeFile(path.join(mirror, '.tandem-mirror/marker.json'), own ?? '')
  expect(await a.tandem('mirror', 'run')).toMatchObject({ code: 5, text: expect.stringMatching(/swapped/) })
  expect(await a.read('files/3.txt')).toBe('text 3')
  expect(await onMirror('files/3.txt')).toBe('text 3')
})

test('too many deletes stop the run until they are allowed; one-way puts back what was changed on the mirror, into its trash', async () => {
  await configure({ to: mirror, mode: 'one-way' })
  for (let i = 0; i < 30; i++) await a.write(`files/${i}.txt`, `text ${i}`)
  await succeeded('init')
  await writeFile(path.join(mirror, 'files/1.txt'), 'changed there')
  await succeeded('run')
  expect(await onMirror('files/1.txt')).toBe('text 1')
  const [stamp = ''] = await readdir(path.join(mirror, '.tandem-mirror/trash'))
  expect(await onMirror(`.tandem-mirror/trash/${stamp}/files/1.txt`)).toBe('changed there')
  await rm(path.join(a.root, 'files'), { recursive: true })
  const stopped = await a.tandem('mirror', 'run')
  expect(stopped).toMatchObject({ code: 5, text: expect.stringMatching(/--allow-deletes/) })
  expect(await onMirror('files/2.txt')).toBe('text 2')
  await succeeded('run', '--allow-deletes', '30')
  expect(await readdir(mirror)).not.toContain('files')
})

test('the mirror has the live database as of one moment, and the repository as a bare clone; neither is copied as files', async () => {
  await succeeded('init')
  await a.database.insert('traders', [{ id: 'later', username: 'later' }])
  await a.git('commit', '--allow-empty', '-q', '-m', 'code')
  await succeeded('run')
  const copy = openSqlite(path.join(mirror, 'data/app.db'), '')
  expect((await copy.rows('traders')).map((row) => row['id'])).toContain('later')
  expect(await readdir(mirror)).not.toContain('.git')
  const bare = path.join(mirror, '.tandem-mirror/repository.git')
  const head = async (...at: readonly string[]): Promise<string> => (await a.git(...at, 'rev-parse', 'HEAD')).stdout
  expect(await head('--git-dir', bare)).toBe(await head())
})

test('a commit starts the mirror without waiting for it, and ten in a row lead to one or two runs', async () => {
  await succeeded('init')
  const runs = async (): Promise<number> =>
    (await a.read('.git/tandem/runs/mirror.jsonl')).split('\n').filter((line) => line.includes('"trigger":"hook"'))
      .length
  for (let i = 0; i < 10; i++) {
    await a.write('counted.txt', `commit ${i}`)
    await a.git('add', 'counted.txt')
    await a.git('commit', '-q', '-m', `commit ${i}`)
  }
  await expect.poll(() => onMirror('counted.txt').catch(() => ''), { timeout: 60_000 }).toBe('commit 9')
  await expect
    .poll(async () => (await a.tandem('mirror', 'status')).text, { timeout: 60_000 })
    .toMatch(/both sides are alike/)
  expect(await runs()).toBeLessThan(5)
})

test('verify reads every byte, and names what was damaged without having been written; a version still has it', async () => {
  await a.write('precious.txt', 'precious')
  await succeeded('init')
  await a.write('precious.txt', 'precious, changed')
  await succeeded('run')
  await succeeded('verify')
  const { stdout } = await succeeded('versions', '--json')
  const { versions } = JSON.parse(stdout) as { versions: { folder: string }[] }
  const texts = await Promise.all(versions.map(({ folder }) => readFile(path.join(folder, 'precious.txt'), 'utf8')))
  expect(texts).toEqual(['precious', 'precious, changed'])
  await writeFile(path.join(mirror, 'precious.txt'), 'precious, damaged')
  const verified = await a.tandem('mirror', 'verify', '--json')
  expect(verified.code).toBe(1)
  expect(JSON.parse(verified.stdout)).toMatchObject({
    ok: false,
    differences: [{ path: 'precious.txt', kind: 'different' }],
  })
})
