/** Objects that the tool writes by itself are those that git would write, whether they are few or many. */
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBlobs, writeBlobs } from '../../../src/git/objects/blobs.ts'
import { storeTree } from '../../../src/git/objects/trees.ts'
import { type Repository, openRepository } from '../../../src/git/repository.ts'
import { GitError } from '../../../src/git/run.ts'

const run = promisify(execFile)
let folder = ''

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'tandem-objects-')))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function newRepository(format: string, binaries?: string): Promise<Repository> {
  await run('git', ['init', '-q', `--object-format=${format}`, folder])
  const found = process.env['PATH'] ?? ''
  return openRepository(folder, { PATH: binaries === undefined ? found : `${binaries}:${found}`, HOME: folder })
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

test('a pack that git cannot write to its end is an error, and nothing of it counts', async () => {
  const binaries = path.join(folder, 'bin')
  await mkdir(binaries)
  const real = (await run('sh', ['-c', 'command -v git'])).stdout.trim()
  // no file over 512 KiB, as on a disk that is nearly full
  await writeFile(path.join(binaries, 'git'), `#!/bin/sh\nulimit -f 1024\nexec ${real} "$@"\n`)
  await chmod(path.join(binaries, 'git'), 0o755)
  const repository = await newRepository('sha1', binaries)
  await expect(writeBlobs(repository, contents(1_100))).rejects.toThrow(GitError)
  expect(await stored()).toEqual({ loose: 0, packs: 0, packed: 0 })
  await run('git', ['gc', '-q', '--prune=now'], { cwd: folder })
  expect(await temporaryPacks()).toEqual([])
})
