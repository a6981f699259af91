/** Objects that the tool writes by itself are those that git would write, whether they are few or many. */
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBlobs, writeBlobs } from '../../../src/git/objects/blobs.ts'
import { packIndex } from '../../../src/git/objects/pack-index.ts'
import { storeTree } from '../../../src/git/objects/trees.ts'
import { type Repository, openRepository } from '../../../src/git/repository.ts'

const run = promisify(execFile)
let folder = ''

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'tandem-objects-')))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function newRepository(format: string): Promise<Repository> {
  await run('git', ['init', '-q', `--object-format=${format}`, folder])
  return openRepository(folder, { PATH: process.env['PATH'], HOME: folder })
}

/** Blobs of many sizes; bytes that no compression shortens among them. */
function contents(count: number): Buffer[] {
  const noise = (i: number): Buffer => createHash('sha512').update(String(i)).digest()
  const texts = Array.from({ length: count }, (_, i) => Buffer.from(`${'line\n'.repeat(i % 300)}${i}`))
  const large = Buffer.concat(Array.from({ length: 40_000 }, (_, i) => noise(i)))
  // sizes at which the header of an object gets one byte more
  const edges = [0, 1, 15, 16, 2047, 2048].map((size) => large.subarray(0, size))
  return [...texts, ...edges, large, Buffer.from('\0\r\n\xff', 'latin1')]
}

/** The ids of `git hash-object`, which writes nothing. */
async function gitIds(blobs: readonly Buffer[]): Promise<string[]> {
  const given = path.join(folder, 'given')
  await mkdir(given)
  const files = blobs.map((_, i) => path.join(given, String(i)))
  for (const [i, file] of files.entries()) await writeFile(file, blobs[i] as Buffer)
  const input = files.map((file) => `${file}\n`).join('')
  const ids = execFileSync('git', ['hash-object', '--no-filters', '--stdin-paths'], { cwd: folder, input })
  return ids.toString().trim().split('\n')
}

async function stored(): Promise<{ loose: number; packs: number; packed: number }> {
  const { stdout } = await run('git', ['count-objects', '-v'], { cwd: folder })
  const number = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(stdout)?.[1])
  return { loose: number('count'), packs: number('packs'), packed: number('in-pack') }
}

async function temporaryPacks(): Promise<string[]> {
  return (await readdir(path.join(folder, '.git/objects/pack'))).filter((name) => name.startsWith('tmp_'))
}

/** Beside each pack is the index that git makes of it. */
async function expectIndexOfGit(format: string): Promise<void> {
  const packs = path.join(folder, '.git/objects/pack')
  const given = path.join(folder, 'git.idx')
  for (const pack of (await readdir(packs)).filter((name) => name.endsWith('.pack'))) {
    const args = ['index-pack', `--object-format=${format}`, '--no-rev-index', '-o', given, path.join(packs, pack)]
    await run('git', args, { cwd: tmpdir() })
    expect(await readFile(path.join(packs, pack.replace(/pack$/, 'idx')))).toEqual(await readFile(given))
    await rm(given)
  }
}

describe.each(['sha1', 'sha256'])('in a repository of %s', (format) => {
  test('many blobs become one pack, a few loose objects; ids and bytes are those of git', async () => {
    const repository = await newRepository(format)
    for (const count of [20, 1_500]) {
      const blobs = contents(count)
      const ids = await writeBlobs(repository, blobs)
      expect(ids).toEqual(await gitIds(blobs))
      await rm(path.join(folder, 'given'), { recursive: true })
      const read = await readBlobs(repository, ids)
      for (const [i, id] of ids.entries()) expect(read.get(id)?.equals(blobs[i] as Buffer)).toBe(true)
    }
    expect(await stored()).toEqual({ loose: 28, packs: 1, packed: 1_500 - 20 })
    await expectIndexOfGit(format)
    await run('git', ['fsck', '--full', '--strict'], { cwd: folder })
  })

  test('what is there already, or is given twice, is written once', async () => {
    const repository = await newRepository(format)
    const blobs = contents(1_100)
    const twice = [...blobs, ...blobs]
    const ids = await writeBlobs(repository, twice)
    expect(ids.slice(0, blobs.length)).toEqual(ids.slice(blobs.length))
    expect(await stored()).toEqual({ loose: 0, packs: 1, packed: 1_108 })
    expect(await writeBlobs(repository, [...blobs, Buffer.from('new')])).toHaveLength(1_109)
    expect(await stored()).toEqual({ loose: 1, packs: 1, packed: 1_108 })
  })
})

test('a tree of thousands of files is the one that git makes of them', async () => {
  const repository = await newRepository('sha1')
  const [id = ''] = await writeBlobs(repository, [Buffer.from('x')])
  const names = Array.from({ length: 3_000 }, (_, i) => `exports/app/${i.toString(16)}.jsonl`)
  const files = new Map(
    [...names, 'exports/app.txt', 'exports/app-b/é', 'exports/\u{1f600}', 'exports/\uffee'].map((file) => [file, id]),
  )
  const tree = await storeTree(repository, undefined, files)
  const input = [...files].map(([file]) => `100644 ${id}\t${file}\0`).join('')
  await repository.git(['update-index', '-z', '--index-info'], { input })
  expect(await repository.git(['write-tree'])).toBe(tree)
})

test('a pack has the compression that the user has set', async () => {
  const repository = await newRepository('sha1')
  await repository.git(['config', 'core.compression', '0'])
  await writeBlobs(repository, contents(1_100))
  const { stdout } = await run('git', ['count-objects', '-v'], { cwd: folder })
  expect(Number(/size-pack: (\d+)/.exec(stdout)?.[1])).toBeGreaterThan(3_000)
})

test('an index of a pack of gigabytes has a table of large offsets, as git makes it', async () => {
  const repository = await newRepository('sha1')
  const blobs = contents(1_100)
  await writeBlobs(repository, blobs)
  const packs = path.join(folder, '.git/objects/pack')
  const pack = (await readdir(packs)).find((name) => name.endsWith('.pack')) ?? ''
  const hash = (await readFile(path.join(packs, pack))).subarray(-20)
  const shown = execFileSync('git', ['show-index'], {
    input: await readFile(path.join(packs, pack.replace(/pack$/, 'idx'))),
  })
  const entries = shown
    .toString()
    .trim()
    .split('\n')
    .map((line) => {
      const [, offset, id = '', crc] = /^(\d+) ([0-9a-f]+) \(([0-9a-f]+)\)$/.exec(line) ?? []
      return { id, offset: Number(offset), crc: Number.parseInt(crc ?? '', 16) }
    })
  // git puts what is over the limit that it is given into the table; here that is what starts at it too
  const given = path.join(folder, 'git.idx')
  await run('git', ['index-pack', '--no-rev-index', '--index-version=2,0x8000', '-o', given, path.join(packs, pack)])
  expect(packIndex(entries.toReversed(), { hash, format: 'sha1', largeFrom: 0x8001 })).toEqual(await readFile(given))
})

test('a pack that cannot be written to its end is an error, and nothing of it counts', async () => {
  await newRepository('sha1')
  const here = (file: string): string => JSON.stringify(path.resolve(import.meta.dirname, '../../../src/git', file))
  const program = `
    const { openRepository } = await import(${here('repository.ts')})
    const { writeBlobs } = await import(${here('objects/blobs.ts')})
    const { randomBytes } = await import('node:crypto')
    const contents = Array.from({ length: 1100 }, (_, i) => randomBytes(1000 + i))
    await writeBlobs(await openRepository(${JSON.stringify(folder)}, process.env), contents).catch((error) => console.log(error.code))`
  // no file over 512 KiB, as on a disk that is nearly full
  const limited = `trap '' XFSZ; ulimit -f 1024; exec "$0" --import tsx --input-type=module -e "$1"`
  const { stdout } = await run('sh', ['-c', limited, process.execPath, program])
  expect(stdout.trim()).toBe('EFBIG')
  expect(await stored()).toEqual({ loose: 0, packs: 0, packed: 0 })
  expect(await temporaryPacks()).toEqual([])
})
