/** The index of keys: what is missing is found, and a file that does not fit says nothing. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommittedCollection } from '../../../src/exports/committed.ts'
import { missingKeys, readKeyIndex, writeKeyIndex } from '../../../src/exports/key-index.ts'
import { keyHashes } from '../../../src/format/records-by-file.ts'
import { keyHash } from '../../../src/model/canonical.ts'
import type { Source } from '../../../src/source/source.ts'

let folder = ''
let source: Source

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tandem-index-'))
  source = { source: 'app', repository: { commonDir: folder } } as unknown as Source
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** An export of which only the ids of its files matter here. */
function exported(...blobs: readonly string[]): CommittedCollection {
  const buckets = new Map(blobs.map((id, i) => [`b${i}`, id]))
  return { folder: 'exports/app/t', fileId: 'c', buckets } as unknown as CommittedCollection
}

const keyOf = (n: number): string => `[${n}]`
const keys = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => keyOf(from + i))

async function* batches(...all: readonly (readonly string[])[]): AsyncIterable<readonly string[]> {
  yield* all
}

const TWO = new Map([
  ['b0', keyHashes(keys(0, 900))],
  ['b1', keyHashes(keys(1000, 900))],
])

test('what is missing is told with its bucket; other keys do not matter', async () => {
  await writeKeyIndex(source, exported('x', 'y'), { before: undefined, buckets: TWO })
  const index = await readKeyIndex(source, exported('x', 'y'))
  const present = [...keys(0, 900), ...keys(1000, 900), ...keys(5000, 10)].filter((key) => !['[7]', '[1899]'].includes(key))
  const missing = await missingKeys(index ?? { buckets: new Map() }, batches(present.slice(0, 300), present.slice(300)))
  expect(missing).toEqual(
    new Map([
      ['b0', new Set([keyHash('[7]')])],
      ['b1', new Set([keyHash('[1899]')])],
    ]),
  )
})

test('the index of the next export takes over what did not change', async () => {
  await writeKeyIndex(source, exported('x', 'y'), { before: undefined, buckets: TWO })
  const before = await readKeyIndex(source, exported('x', 'y'))
  await writeKeyIndex(source, exported('x', 'z'), { before, buckets: new Map([['b1', keyHashes(keys(1001, 900))]]) })
  const index = await readKeyIndex(source, exported('x', 'z'))
  const missing = await missingKeys(index ?? { buckets: new Map() }, batches(keys(0, 900), keys(1000, 900)))
  expect(missing).toEqual(new Map([['b1', new Set([keyHash('[1900]')])]]))
})

test('an index of another export, a damaged and a truncated one say nothing', async () => {
  await writeKeyIndex(source, exported('x', 'y'), { before: undefined, buckets: TWO })
  expect(await readKeyIndex(source, exported('x', 'z'))).toBeUndefined()
  const [name = ''] = await readdir(path.join(folder, 'tandem/keys'))
  const file = path.join(folder, 'tandem/keys', name)
  const bytes = await readFile(file)
  const wrong: number[] = []
  for (let at = 0; at < bytes.length; at += at < 200 ? 1 : 97) {
    const flipped = Buffer.from(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ 4
    await writeFile(file, flipped)
    if ((await readKeyIndex(source, exported('x', 'y'))) !== undefined) wrong.push(at)
    await writeFile(file, bytes.subarray(0, at))
    if ((await readKeyIndex(source, exported('x', 'y'))) !== undefined) wrong.push(at)
  }
  expect(wrong).toEqual([])
})

test('a small collection has none', async () => {
  await writeKeyIndex(source, exported('x'), { before: undefined, buckets: new Map([['b0', keyHashes(keys(0, 900))]]) })
  expect(await readKeyIndex(source, exported('x'))).toBeUndefined()
})
