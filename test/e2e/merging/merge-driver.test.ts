/** How often a merge of many files starts the program, and that its results are those of a start for each file. Real merges, rebases and picks of exports; no database takes part. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { collectionFileText } from '../../../src/format/collection-file.ts'
import { headerOf } from '../../../src/format/header.ts'
import { byBucket } from '../../../src/format/layout.ts'
import { recordsFileText } from '../../../src/format/records-file.ts'
import { writeAttributes } from '../../../src/git/install/attributes.ts'
import { registerDriver } from '../../../src/git/install/driver.ts'
import { shellQuote } from '../../../src/git/install/shell-words.ts'
import { tidyUp } from '../../../src/workspace/leftovers.ts'
import { openWorkspace } from '../../../src/workspace/workspace.ts'
import { PROGRAM } from '../../support/asset.ts'
import { hookedRepository, type HookedRepository, type Result } from '../../support/hooked-repository.ts'
import { invocationIn } from '../../unit/operations/invocation.ts'

const EXPORTS = 'my exports'
const FOLDER = `${EXPORTS}/app/traders`
const FIELDS = ['a', 'b', 'c', 'id'].map((name) => ({ name, type: 'text' }))
const SCHEMA = {
  name: 'traders',
  fields: FIELDS,
  key: ['id'],
  uniques: [],
  references: [],
  order: 'sorted',
} as const
const PLACE = { source: 'app', schema: SCHEMA, layout: { kind: 'hash', bits: 3 } } as const

/** How many files the collection has, and so conflicts each merge. */
const FILES = 8

type Row = Readonly<Record<'a' | 'b' | 'c', string>>

let repo: HookedRepository
let start: string

/** Writes all files of the collection and commits them at a minute of a day that is later than the repository's first commit. */
async function commit(minute: number, change: (row: Row, i: number) => Row): Promise<string> {
  const rows = Array.from({ length: 64 }, (_, i) => change({ a: '0', b: '0', c: '0' }, i))
  const records = rows.map(
    ({ a, b, c }, i) => [`["k${i}"]`, `{"a":"${a}","b":"${b}","c":"${c}","id":"k${i}"}`] as const,
  )
  for (const [bucket, inBucket] of byBucket(new Map(records), PLACE.layout))
    await repo.write(`${FOLDER}/${bucket}.jsonl`, recordsFileText(headerOf(PLACE, bucket), inBucket))
  await repo.write(`${FOLDER}/collection.json`, collectionFileText(PLACE))
  await repo.git('add', '-A')
  const date = `2036-01-01T10:${String(minute).padStart(2, '0')}:00Z`
  await repo.run('git', ['commit', '-q', '-m', `minute ${minute}`], {
    environment: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  })
  return repo.git('rev-parse', 'HEAD')
}

/** The program for the driver; it writes down each of its starts. */
async function program(before = ''): Promise<void> {
  const lines = ['#!/bin/sh', `echo "$6" >>${shellQuote(path.join(repo.folder, 'calls'))}`, before]
  const run = `exec ${shellQuote(process.execPath)} ${shellQuote(PROGRAM)} "$@"`
  const file = await repo.write('../driver', [...lines, run, ''].join('\n'), 0o755)
  await repo.git('config', 'tandem.command', shellQuote(file))
}

async function configure(collections: unknown): Promise<void> {
  const sources = { app: { url: 'sqlite:data/app.db', collections } }
  await repo.write('tandem.config.json', JSON.stringify({ exports: EXPORTS, sources }))
}

const kept = (): string => path.join(repo.root, '.git/tandem/merging')

/** What a git command answered, the tree of HEAD after it, and how often it started the program. The branch then is where it was. */
async function outcomeOf(...args: string[]): Promise<Result & { tree: string; starts: number }> {
  const before = await repo.git('rev-parse', 'HEAD')
  const result = await repo.run('git', args)
  const tree = await repo.git('rev-parse', 'HEAD^{tree}')
  const starts = (await repo.calls()).split('\n').length - 1
  await repo.git('reset', '-q', '--hard', before)
  return { ...result, tree, starts }
}

/** The same, with a start of the program for every file, because no result can be kept. */
async function oneByOne(...args: string[]): ReturnType<typeof outcomeOf> {
  await rm(kept(), { recursive: true, force: true })
  await writeFile(kept(), '')
  const outcome = await outcomeOf(...args)
  await rm(kept())
  return outcome
}

beforeEach(async () => {
  repo = await hookedRepository()
  await registerDriver(repo.repository)
  await writeAttributes(repo.repository, EXPORTS)
  await configure({ '*': {} })
  await repo.write('.gitignore', 'data/\n')
  await program()
  const base = await commit(0, (row) => row)
  await repo.git('checkout', '-q', '-b', 'theirs')
  // both sides write `a`: the later commit wins; of `b` and `c` each is written by one
  await commit(20, (row, i) => ({ ...row, a: `theirs ${i}`, b: '1' }))
  await repo.git('checkout', '-q', '-B', 'main', base)
  await commit(10, (row, i) => ({ ...row, a: i % 2 === 0 ? `ours ${i}` : '0' }))
  start = await commit(30, (row, i) => ({ ...row, a: i % 2 === 0 ? `ours ${i}` : '0', c: '2' }))
})

afterEach(() => repo.close())

describe('a merge of many files that conflict', () => {
  test.each([
    ['merge', ['merge', '-q', '-m', 'merged', 'theirs'], 1],
    ['cherry-pick', ['cherry-pick', 'theirs'], 1],
    ['rebase of two commits', ['rebase', '-q', 'theirs'], 2],
    ['rebase by patches', ['rebase', '-q', '--apply', 'theirs'], 2],
    ['revert', ['revert', '--no-edit', 'HEAD^'], 1],
  ])(
    '%s: the program is started once for each commit, with the results of a start for each file',
    async (_, args, starts) => {
      const alone = await oneByOne(...args)
      expect(alone).toMatchObject({ code: 0, starts: starts * FILES })
      const together = await outcomeOf(...args)
      expect(together).toMatchObject({ code: 0, stderr: alone.stderr, tree: alone.tree, starts })
      expect(alone.tree).not.toBe(await repo.git('rev-parse', `${start}^{tree}`))
    },
  )

  test('with two merge bases, from which git makes one, has the same results', async () => {
    const ours = await repo.git('rev-parse', 'HEAD^')
    await repo.git('merge', '-q', '-m', 'ours and theirs', 'theirs')
    await commit(40, (row, i) => ({ ...row, a: `ours again ${i}`, b: '1', c: '2' }))
    await repo.git('checkout', '-q', 'theirs')
    await repo.git('merge', '-q', '-m', 'theirs and ours', ours)
    await commit(50, (row, i) => ({ ...row, a: `theirs again ${i}`, b: '5' }))
    await repo.git('checkout', '-q', 'main')
    await repo.calls()
    expect((await repo.git('merge-base', '--all', 'main', 'theirs')).split('\n')).toHaveLength(2)
    const args = ['merge', '-q', '-m', 'merged', 'theirs']
    const alone = await oneByOne(...args)
    const together = await outcomeOf(...args)
    expect(together).toMatchObject({ code: 0, tree: alone.tree })
    expect(together.starts).toBeLessThan(alone.starts)
  })

  test('in a linked work tree and in a shallow clone starts the program once', async () => {
    const args = ['merge', '-q', '-m', 'merged', 'theirs']
    const { tree } = await oneByOne(...args)
    const linked = path.join(repo.folder, 'linked tree')
    await repo.git('worktree', 'add', '-q', '-b', 'side', linked)
    expect((await repo.run('git', args, { cwd: linked })).code).toBe(0)
    expect((await repo.run('git', ['rev-parse', 'HEAD^{tree}'], { cwd: linked })).stdout.trim()).toBe(tree)
    expect((await repo.calls()).split('\n')).toHaveLength(2)
    await repo.write('.git/shallow', `${await repo.git('merge-base', 'main', 'theirs')}\n`)
    expect(await outcomeOf(...args)).toMatchObject({ code: 0, tree, starts: 1 })
  })
})

describe('results that an earlier merge kept', () => {
  const args = ['merge', '-q', '-m', 'merged', 'theirs']

  test('are taken when it is the very same merge', async () => {
    const first = await outcomeOf(...args)
    expect(await outcomeOf(...args)).toEqual({ ...first, starts: 0 })
  })

  test.each([
    ['with HEAD on a packed branch', ['pack-refs', '--all']],
    ['with a detached HEAD', ['checkout', '-q', '--detach']],
  ])('are taken %s', async (_, prepare) => {
    const first = await outcomeOf(...args)
    await repo.git(...prepare)
    expect(await outcomeOf(...args)).toEqual({ ...first, starts: 0 })
  })

  test('are not taken when HEAD is another commit with the same files', async () => {
    await outcomeOf(...args)
    await repo.git('commit', '-q', '--amend', '-m', 'another')
    expect(await outcomeOf(...args)).toMatchObject({ code: 0, starts: 1 })
  })

  test('are not taken under another configuration', async () => {
    const first = await outcomeOf(...args)
    await configure({ '*': { critical: ['a', 'b', 'c'] } })
    await repo.git('commit', '-q', '-a', '-m', 'critical fields')
    await repo.git('reset', '-q', '--soft', start) // the same HEAD, and an edit of the configuration that no commit has
    await repo.git('reset', '-q')
    const second = await repo.run('git', args)
    expect(second.code).toBe(0)
    expect((await repo.calls()).split('\n')).toHaveLength(2)
    expect(await repo.git('rev-parse', 'HEAD^{tree}')).not.toBe(first.tree)
  })

  test('are not taken for other commits with the same files, nor for a pick of the same commit', async () => {
    const first = await outcomeOf(...args)
    const date = '2036-01-01T10:01:00Z'
    const environment = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
    await repo.git('checkout', '-q', 'theirs')
    await repo.run('git', ['commit', '-q', '--amend', '-m', 'earlier', '--date', date], { environment })
    await repo.git('checkout', '-q', 'main')
    const earlier = await outcomeOf(...args)
    expect(earlier).toMatchObject({ code: 0, starts: 1 })
    expect(earlier.tree).not.toBe(first.tree)
    expect(earlier.tree).toBe((await oneByOne(...args)).tree)
    const pick = await outcomeOf('cherry-pick', 'theirs')
    expect(pick).toMatchObject({ code: 0, starts: 1 })
    expect(await outcomeOf(...args)).toMatchObject({ tree: earlier.tree, starts: 1 })
    expect(pick.tree).toBe((await oneByOne('cherry-pick', 'theirs')).tree)
  })

  test('are not taken when they are cut off or changed, nor where the list of them is missing', async () => {
    const first = await outcomeOf(...args)
    const folder = path.join(kept(), '.git/files', FOLDER)
    const names = await readdir(folder)
    expect(names).toHaveLength(FILES)
    for (const [i, name] of names.entries()) {
      const text = await readFile(path.join(folder, name), 'utf8')
      await writeFile(path.join(folder, name), i % 2 === 0 ? text.slice(0, -20) : text.replace('"b":"1"', '"b":"7"'))
    }
    expect(await outcomeOf(...args)).toEqual({ ...first, starts: FILES })
    await rm(path.join(kept(), '.git/merge'))
    expect(await outcomeOf(...args)).toEqual({ ...first, starts: 1 })
  })

  test('are removed by the next run that applies or exports', async () => {
    await outcomeOf(...args)
    expect(await readdir(kept())).toEqual(['.git'])
    await tidyUp(await openWorkspace(invocationIn(repo.root)))
    expect(await readdir(path.dirname(kept()))).not.toContain('merging')
  })

  test('are none when the first call is killed: its file is left to tandem resolve, the others merge', async () => {
    const { tree } = await oneByOne(...args)
    const node = `${shellQuote(process.execPath)} ${shellQuote(PROGRAM)}`
    await program(`if [ ! -e ${shellQuote(path.join(repo.folder, 'killed'))} ]; then
      : >${shellQuote(path.join(repo.folder, 'killed'))}
      ${node} "$@" & pid=$!
      tries=0
      until [ "$(ls ${shellQuote(`.git/tandem/merging/.git/files/${FOLDER}`)} 2>/dev/null | wc -l)" -ge 2 ] || [ $tries = 3000 ]; do
        tries=$((tries + 1))
        sleep 0.01
      done
      kill -9 $pid; wait $pid; exit 137
    fi`)
    const merge = await repo.run('git', args)
    expect(merge.code).toBe(1)
    expect((await repo.calls()).split('\n').length - 1).toBeLessThanOrEqual(2)
    expect((await repo.git('diff', '--name-only', '--diff-filter=U')).split('\n')).toHaveLength(1)
    expect((await repo.run(process.execPath, [PROGRAM, 'resolve'])).code).toBe(0)
    await repo.git('commit', '-q', '-m', 'merged')
    expect(await repo.git('rev-parse', 'HEAD^{tree}')).toBe(tree)
  })
})
