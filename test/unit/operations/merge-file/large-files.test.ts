/** Large files, of which only what differs is in memory, merge like whole files: random ones, sound and damaged, through windows of a few bytes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mergeFiles, plainRules, recordTimes } from '../../../../src/conflicts/three-way.ts'
import { headerOf } from '../../../../src/format/header.ts'
import { parseRecordsFile, recordsFileText } from '../../../../src/format/records-file.ts'
import { keyOf, sortedObjectText, splitObject } from '../../../../src/model/canonical.ts'
import { type SidePaths, compareFiles } from '../../../../src/operations/merge-file/large-files.ts'

const SIDES = ['base', 'ours', 'theirs'] as const
type Texts = readonly [base: string, ours: string, theirs: string]

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tandem large files '))
})
afterAll(() => rm(folder, { recursive: true }))

/** What a record can have: before and behind its key, with all that could be taken for a key. */
const VALUES = ['1', '"x"', '"é😀"', String.raw`"a,\"id\":5"`, '{"id":1}', '[{"id":2}]', '{}', '"{"', 'null']
const KEYS = ['1', '10', '-5', '1.5', '"a"', '"é"', '"😀"', String.raw`"\"\\"`, '""', '"a b"', '{"$oid":"0"}', 'null']

/** A version of a record: none, or its other fields. */
const version = fc.option(fc.record({ a: fc.constantFrom(...VALUES), z: fc.constantFrom(...VALUES) }), { freq: 3 })

/** One key and its versions: mostly the same one on all sides. */
const entry = fc.record({
  id: fc.oneof(fc.integer({ min: 0, max: 200 }).map(String), fc.constantFrom(...KEYS)),
  b: fc.constantFrom('1', '"b"'),
  versions: fc.oneof(
    { weight: 4, arbitrary: version.map((one) => [one, one, one] as const) },
    { weight: 1, arbitrary: fc.tuple(version, version, version) },
    { weight: 1, arbitrary: fc.tuple(version, version).map(([a, b]) => [a, a, b] as const) },
    { weight: 1, arbitrary: fc.tuple(version, version).map(([a, b]) => [a, b, a] as const) },
  ),
})

const sound = fc
  .record({
    key: fc.constantFrom(['id'], ['b', 'id'], ['id', 'b']),
    name: fc.constantFrom('id', 'b', 'é"'),
    entries: fc.array(entry, { maxLength: 25 }),
  })
  .map(({ key, name, entries }): Texts => {
    const renamed = key.map((each) => (each === 'id' && name !== 'b' ? name : each))
    const schema = { name: 'posts', fields: [], key: renamed, uniques: [], references: [], order: 'sorted' } as const
    const header = headerOf({ source: 'app', schema, layout: { kind: 'single' } }, 'records')
    const texts = SIDES.map((_, side) => {
      const records = entries.flatMap(({ id, b, versions }): [string, string][] => {
        const fields = versions[side]
        if (fields === null || fields === undefined) return []
        const at = name === 'b' ? 'id' : name
        const all = Object.entries({ ...fields, b, [at]: id }).sort(([x], [y]) =>
          Buffer.compare(Buffer.from(x), Buffer.from(y)),
        )
        const text = sortedObjectText(all)
        return [[keyOf(splitObject(text), renamed), text]]
      })
      return recordsFileText(header, new Map(records))
    })
    return texts as unknown as Texts
  })

/** The files merged as a whole; undefined where one is damaged. */
function merged([base, ours, theirs]: Texts): unknown {
  const named = (text: string): { path: string; text: string } => ({ path: 'file', text })
  const recordsOf = (text: string): ReturnType<typeof parseRecordsFile>['records'] =>
    text === '' ? new Map() : parseRecordsFile(text, 'file').records
  try {
    const { text, decisions, collisions, counts } = mergeFiles({
      base: named(base),
      ours: named(ours),
      theirs: named(theirs),
      rulesFor: plainRules,
      stamps: recordTimes(recordsOf(ours), recordsOf(theirs)),
    })
    return { text, decisions, collisions, counts, before: recordsOf(ours).size }
  } catch {
    return undefined
  }
}

/** The same, without having the files in memory. */
async function mergedByLines(texts: Texts, windowBytes: number): Promise<unknown> {
  const paths = SIDES.map((side) => path.join(folder, side)) as unknown as SidePaths
  for (const [i, text] of texts.entries()) await writeFile(paths[i] as string, text)
  const compared = compareFiles(paths, windowBytes)
  if (compared === undefined) return undefined
  const { parts, ...merge } = compared.merge(plainRules(compared.differences.header))
  const text = Buffer.concat([...parts()]).toString()
  compared.close()
  return { text, ...merge, before: compared.differences.counts.ours }
}

const windows = fc.constantFrom(16, 100, 1000, 100_000)

describe('files compared line by line', () => {
  test('merge like whole files', async () => {
    await fc.assert(
      fc.asyncProperty(sound, windows, async (texts, windowBytes) => {
        expect(await mergedByLines(texts, windowBytes)).toEqual(merged(texts))
      }),
      { numRuns: 100 },
    )
  })

  test('are left to those who read whole files where one is damaged, or are merged alike', async () => {
    const damage = fc.record({
      side: fc.constantFrom(0, 1, 2, 3),
      how: fc.constantFrom<(lines: string[], i: number, j: number) => void>(
        (lines, i, j) => ([lines[i], lines[j]] = [lines[j] ?? '', lines[i] ?? '']),
        (lines, i, j) => lines.splice(i, 0, lines[j] ?? ''),
        (lines, i) => (lines[i] = (lines[i] ?? '').replace(/1/, '2')),
        (lines, i, j) => (lines[i] = (lines[i] ?? '').slice(0, j)),
        (lines, i) => (lines[i] = `${lines[i]} `),
        (lines, i) => (lines[i] = (lines[i] ?? '').replace('"r":', '"R":')),
        (lines, i) => (lines[i] = (lines[i] ?? '').toUpperCase()),
        (lines, i) => lines.splice(i, 0, '<<<<<<< ours'),
        (lines) => lines.splice(0, 1),
        (lines) => lines.splice(-1, 1),
        (lines) => lines.splice(0),
      ),
      i: fc.nat(30),
      j: fc.nat(30),
    })
    await fc.assert(
      fc.asyncProperty(sound, damage, windows, async (texts, { side, how, i, j }, windowBytes) => {
        const damaged = texts.map((text, at) => {
          if (side !== at && side !== 3) return text
          const lines = text.split('\n')
          how(lines, i % lines.length, j % lines.length)
          return lines.join('\n')
        }) as unknown as Texts
        const byLines = await mergedByLines(damaged, windowBytes)
        expect([undefined, merged(damaged)]).toContainEqual(byLines)
      }),
      { numRuns: 200 },
    )
  })
})
