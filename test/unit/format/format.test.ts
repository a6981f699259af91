/** docs/format.md is a specification: its examples are made again here from the program, and its hashes by an implementation of XXH64 that shares nothing with it. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { folderName } from '../../../src/config/folder.ts'
import { collectionFileText, parseCollectionFile } from '../../../src/format/collection-file.ts'
import { recordsDigest, sourceDigest } from '../../../src/format/digest.ts'
import { FORMAT } from '../../../src/format/header.ts'
import { bucketOf, parseLayout } from '../../../src/format/layout.ts'
import { DamagedError } from '../../../src/model/errors.ts'
import { knownFile, parseRecordsFile, recordsFileText } from '../../../src/format/records-file.ts'
import type { Layout } from '../../../src/model/collection.ts'

const DOCUMENT = readFileSync(path.resolve(import.meta.dirname, '../../../docs/format.md'), 'utf8')

/** The code block after `<!-- example: NAME -->`, with its last line feed. */
function block(name: string): string {
  const match = new RegExp(`<!-- example: ${name} -->\\s*\`\`\`\\w*\\n([^]*?)\`\`\``).exec(DOCUMENT)
  if (match?.[1] === undefined) throw new Error(`docs/format.md has no example ${name}`)
  return match[1]
}

/** The rows of the table after `<!-- example: NAME -->`, cells without their quotation marks; the heading first. */
function table(name: string): string[][] {
  const match = new RegExp(`<!-- example: ${name} -->\\s*((?:\\|.*\\n)+)`).exec(DOCUMENT)
  const lines = (match?.[1] ?? '').split('\n').filter((line) => line !== '' && !/^\|[ |-]*$/.test(line))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

test('the records file of docs/format.md reads and writes as it stands there', () => {
  const text = block('records')
  const { header, records } = parseRecordsFile(text, 'docs/format.md')
  expect(header.format).toBe(FORMAT)
  expect([...records.keys()]).toEqual(['[10]', '[1]', '[2]'])
  expect(recordsFileText(header, records)).toBe(text)
})

test('the hashes of docs/format.md are XXH64 with seed 0 of the record’s bytes', () => {
  const lines = block('records').trimEnd().split('\n').slice(1)
  for (const line of lines) {
    const [, hash, record] = /^\{"h":"([0-9a-f]{16})","r":(.*)\}$/.exec(line) ?? []
    expect(xxh64(Buffer.from(record ?? ''))).toBe(hash)
  }
  expect(lines.length).toBe(3)
  const [command = '', input = ''] = /printf '%s' '(.*)' \| xxh64sum/.exec(DOCUMENT) ?? []
  expect(command).not.toBe('')
  expect(lines[0]).toBe(`{"h":"${xxh64(Buffer.from(input))}","r":${input}}`)
})

test('the collection.json of docs/format.md reads and writes as it stands there', () => {
  const text = block('collection')
  const file = parseCollectionFile(text, 'docs/format.md')
  expect(collectionFileText(file)).toBe(text)
  expect(file.schema.key).toEqual(parseRecordsFile(block('records'), 'docs/format.md').header.key)
})

test('the folder names of docs/format.md are those the program gives', () => {
  const rows = table('folders').slice(1)
  expect(rows.length).toBe(6)
  for (const [collection = '', folder] of rows) expect(folderName(collection)).toBe(folder)
  const long = folderName('é'.repeat(200))
  expect(long.length).toBeLessThanOrEqual(120)
  expect(long).toMatch(new RegExp(`^(%C3%A9)+(%C3)?-${xxh64(Buffer.from('é'.repeat(200)))}$`))
})

test('the buckets of docs/format.md are those the program gives', () => {
  const [heading = [], ...rows] = table('buckets')
  expect(rows.length).toBe(4)
  for (const [key = '', ...buckets] of rows) {
    for (const [i, bucket] of buckets.entries()) expect(bucketOf(key, layoutOf(heading[i + 1]))).toBe(bucket)
    const top = BigInt(`0x${xxh64(Buffer.from(key))}`) >> 58n
    expect(top.toString(16).padStart(2, '0')).toBe(buckets[0])
  }
})

test('a file read beside its new state gives the same records and the same errors as alone', () => {
  const text = block('records')
  const { header, records } = parseRecordsFile(text, 'f')
  const known = knownFile(header, records)
  expect(parseRecordsFile(text, 'f', known)).toEqual({ header, records })
  const lines = text.split('\n')
  const damaged = [
    [lines[0], lines[2], lines[1], ...lines.slice(3)], // out of order
    [lines[0], lines[1], ...lines.slice(1)], // a key twice
    [lines[0], lines[1]?.replace('{"h":"', '{"h":"f'), ...lines.slice(2)],
    [lines[0], lines[1]?.slice(0, -3), ...lines.slice(2)],
    [lines[0]?.replace('people', 'others'), ...lines.slice(1), 'x'],
  ].map((each) => each.join('\n'))
  for (const each of damaged) {
    expect(() => parseRecordsFile(each, 'f', known)).toThrow(DamagedError)
    expect(errorOf(() => parseRecordsFile(each, 'f', known))).toEqual(errorOf(() => parseRecordsFile(each, 'f')))
  }
})

function errorOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return (error as Error).message
  }
}

test('buckets of integers are those of their shifted number, in every form and at every size', () => {
  const numbers = [0n, 1n, 63n, 64n, -1n, -64n, -65n, 10n ** 15n - 1n, 10n ** 15n, -(10n ** 15n), 2n ** 63n - 1n]
  for (const number of numbers)
    for (const shift of [0, 6, 31, 52, 53, 62])
      for (const key of [`[${number}]`, `["${number}"]`])
        expect(bucketOf(key, { kind: 'range', shift })).toBe((number >> BigInt(shift)).toString(16))
})

test('the digests of docs/format.md come from the records it shows', () => {
  const { records } = parseRecordsFile(block('records'), 'docs/format.md')
  const [collection, source] = [...block('digests').matchAll(/[0-9a-f]{64}/g)].map(String)
  expect(recordsDigest(records, 'sorted')).toBe(collection)
  const lines = [...records].map(([key, record]) => `${key}\t${xxh64(Buffer.from(record))}\n`)
  expect(createHash('sha256').update(lines.join('')).digest('hex')).toBe(collection)
  expect(sourceDigest(new Map([['people', collection ?? '']]))).toBe(source)
})

function layoutOf(text: string | undefined): Layout {
  const layout = parseLayout(text)
  if (layout === undefined) throw new Error(`${text} is no layout`)
  return layout
}

const MASK = (1n << 64n) - 1n
const [P1, P2, P3] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n]
const [P4, P5] = [0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n]

/** XXH64 as its specification writes it (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), seed 0, slow. */
function xxh64(bytes: Buffer): string {
  const rotate = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & MASK
  const round = (sum: bigint, lane: bigint): bigint => (rotate((sum + lane * P2) & MASK, 31n) * P1) & MASK
  let sums = [(P1 + P2) & MASK, P2, 0n, -P1 & MASK]
  let at = 0
  for (; at + 32 <= bytes.length; at += 32) sums = sums.map((sum, i) => round(sum, bytes.readBigUInt64LE(at + i * 8)))
  let hash = P5
  if (bytes.length >= 32) {
    hash = sums.reduce((sum, each, i) => (sum + rotate(each, [1n, 7n, 12n, 18n][i] ?? 0n)) & MASK, 0n)
    for (const sum of sums) hash = ((hash ^ round(0n, sum)) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(bytes.length)) & MASK
  for (; at + 8 <= bytes.length; at += 8)
    hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P1 + P4) & MASK
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at] ?? 0) * P5) & MASK), 11n) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return (hash ^ (hash >> 32n)).toString(16).padStart(16, '0')
}
