/** A commit read from its object says what git says of it, for every form of message; or git is asked. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitFromObject, commitsOf, commitsSince } from '../../../src/git/history/commits.ts'
import { openRepository, type Repository } from '../../../src/git/repository.ts'

let folder: string
let repository: Repository

const environment = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A U Thor',
  GIT_AUTHOR_EMAIL: 'author@example.org',
  GIT_COMMITTER_NAME: 'C O Mitter',
  GIT_COMMITTER_EMAIL: 'committer@example.org',
}

function git(args: readonly string[], input?: string | Buffer, more: Readonly<Record<string, string>> = {}): string {
  return execFileSync('git', args, { cwd: folder, env: { ...environment, ...more }, input })
    .toString()
    .trim()
}

let tree: string

/** A commit object with exactly this message. */
function made(
  message: string | Buffer,
  options: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): string {
  return git(['commit-tree', tree, ...options], Buffer.from(message), more)
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'tandem-commits-'))
  git(['init', '-q', '-b', 'main'])
  writeFileSync(path.join(folder, 'file'), 'one\n')
  git(['add', 'file'])
  tree = git(['write-tree'])
  repository = await openRepository(folder, environment)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TRAILERS = [
  'Tandem-Export: 0a1b',
  'Tandem-Asset: the office',
  'Tandem-Clock: 1700000000000 1700000000001',
  'Tandem-Uniques: app/traders/00ff',
  'Tandem-Uniques: app/posts/ff00',
  `Tandem-Rule: 1 ${'a'.repeat(40)}`,
  'Tandem-Held: app/x app/y',
].join('\n')

/** Messages that are read from the object, and such as git has to be asked about. */
const OBJECT: Readonly<Record<string, string>> = {
  'of code': 'change a file\n',
  'of code, in paragraphs': 'change a file\n\nBecause.\nOf this.\n\nSigned-off-by: A <a@example.org>\n',
  'without a line end': 'change a file',
  empty: '',
  'of data': `data: app +1 ~0 -0\n\n${TRAILERS}\n`,
  'of data, signed off': `data: app +1 ~0 -0\n\n${TRAILERS}\nSigned-off-by: A <a@example.org>\n`,
  'of data, in other letters': `data: app\n\n${TRAILERS.toLowerCase()}\n`,
  'of data, with blank lines at its end': `data: app\n\n${TRAILERS}\n\n\n`,
  'of data, with a blank line of blanks': `data: app\n  \n${TRAILERS}\n`,
  'that quotes an export and ends with trailers': `squash\n\n    Tandem-Export: 77\n\n${TRAILERS}\n`,
}

const GIT: Readonly<Record<string, string>> = {
  'of data, written on Windows': `data: app\r\n\r\n${TRAILERS.replaceAll('\n', '\r\n')}\r\n`,
  'that quotes an export': `squash\n\n* data: app\n\nTandem-Export: 77\n\nand more\n`,
  'cherry-picked': `data: app\n\n${TRAILERS}\n(cherry picked from commit ${'b'.repeat(40)})\n`,
  'of trailers only': `${TRAILERS}\n`,
  'with a trailer over two lines': `data: app\n\n${TRAILERS}\n and more\n`,
  'with a comment': `data: app\n\n${TRAILERS}\n# a comment\n`,
  'with a rule': `data: app\n\n---\n\n${TRAILERS}\n`,
  'that begins with a blank line': `\ndata: app\n\n${TRAILERS}\n`,
}

async function both(id: string): Promise<readonly unknown[]> {
  const [asked] = await commitsOf(repository, ['--max-count=1', id])
  return [await commitFromObject(repository, id), asked]
}

test.each(Object.entries(OBJECT))('a message %s says the same', async (_, message) => {
  const [read, asked] = await both(made(message))
  expect(read).toBeDefined()
  expect(read).toEqual(asked)
})

test.each(Object.entries(GIT))('git is asked about a message %s', async (_, message) => {
  expect(await commitFromObject(repository, made(message))).toBeUndefined()
})

test('parents and people are the same', async () => {
  const [one, two] = [made('one\n'), made('two\n')]
  for (const id of [one, made('child\n', ['-p', one]), made('merge\n', ['-p', one, '-p', two])]) {
    const [read, asked] = await both(id)
    expect(read).toEqual(asked)
    expect(read).toBeDefined()
  }
})

test('git is asked about a message in another encoding or with bytes that are no text', async () => {
  const latin = Buffer.from('gr\xfc\xdfe\n', 'latin1')
  expect(
    await commitFromObject(
      repository,
      made(latin, [], {
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'i18n.commitEncoding',
        GIT_CONFIG_VALUE_0: 'latin1',
      }),
    ),
  ).toBeUndefined()
  const bytes = execFileSync('git', ['cat-file', 'commit', made('gr__e\n')], { cwd: folder, env: environment })
  const raw = git(['hash-object', '-t', 'commit', '-w', '--stdin'], Buffer.concat([bytes.subarray(0, -5), latin]))
  expect(await commitFromObject(repository, raw)).toBeUndefined()
})

test('git is asked where settings change what a trailer is', async () => {
  const id = made(`data: app\n\n${TRAILERS}\n`)
  await repository.git(['config', 'trailer.separators', '='])
  expect(await commitFromObject(repository, id)).toBeUndefined()
  await repository.git(['config', '--unset', 'trailer.separators'])
  expect(await commitFromObject(repository, id)).toBeDefined()
})

test('git is asked in a shallow clone, whose commits have other parents than they name', async () => {
  const parent = made('parent\n')
  const child = made('child\n', ['-p', parent])
  writeFileSync(path.join(folder, '.git', 'shallow'), `${child}\n`)
  expect(await commitFromObject(repository, child)).toBeUndefined()
  rmSync(path.join(folder, '.git', 'shallow'))
})

test('a name of no commit is nobody’s', async () => {
  expect(await commitFromObject(repository, 'nowhere')).toBeUndefined()
})

test('what came since a commit is the same for a child and for more', async () => {
  const base = made('base\n')
  const child = made('child\n', ['-p', base])
  const merge = made('merge\n', ['-p', child, '-p', made('side\n', ['-p', base])])
  const ids = async (head: string, options: readonly '--merges'[] = []): Promise<string[]> =>
    (await commitsSince(repository, { base, head }, options)).map(({ id }) => id)
  expect(await ids(base)).toEqual([])
  expect(await ids(child)).toEqual([child])
  expect(await ids(child, ['--merges'])).toEqual([])
  expect(new Set(await ids(merge))).toEqual(new Set(git(['rev-list', merge, '--not', base]).split('\n')))
  expect(await ids(merge, ['--merges'])).toEqual([merge])
})
