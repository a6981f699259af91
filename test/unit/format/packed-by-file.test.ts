/** Packed records are the same Map, and give the same files and key hashes, as the texts that the plain reader makes of the same rows. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockReader, recordReader } from '../../../src/adapters/postgres/decode.ts'
import { type Coding, copyLine } from '../../../src/adapters/postgres/values.ts'
import { headerOf } from '../../../src/format/header.ts'
import { chooseLayout } from '../../../src/format/layout.ts'
import { recordsByFile } from '../../../src/format/packed-by-file.ts'
import { plainByFile } from '../../../src/format/records-by-file.ts'
import { compareBytes } from '../../../src/model/canonical.ts'
import type { CollectionSchema, Layout } from '../../../src/model/collection.ts'
import { type Packing, packRecords } from '../../../src/model/packed-records.ts'

/** A value as the server writes it in a row: `\b`, `\f` and `\v` have short escapes there, which ours have not. */
type Value = string | undefined

const VALUES: Readonly<Record<Coding, fc.Arbitrary<string>>> = {
  text: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', '')),
    fc.constantFrom('', '\\N', 'null', '"', 'ü', '\u{1f600}', '\v\b\f\n\r\t\\', '\\x00ff', '{1,2}', '\u001b', '\u007f'),
    fc.string({ minLength: 50, maxLength: 1000 }),
  ),
  integer: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  jsonb: fc.jsonValue().map((value) => JSON.stringify(value)),
  boolean: fc.constantFrom('t', 'f'),
}

const fieldNames = fc.uniqueArray(
  fc.oneof(fc.constantFrom('a', 'b', 'id', 'ü', '"', '\\', '\u{1f600}', '\uffff'), fc.string({ maxLength: 5 })),
  {
    minLength: 1,
    maxLength: 6,
  },
)

/** A table and its rows; many share a key or lack it. */
const tables = fieldNames.chain((names) => {
  const fields = names.toSorted(compareBytes).map((name) => ({ name }))
  return fc
    .record({
      codings: fc.tuple(...fields.map(() => fc.constantFrom<Coding>('text', 'integer', 'jsonb', 'boolean'))),
      key: fc.shuffledSubarray(names, { minLength: 1 }),
    })
    .chain(({ codings, key }) =>
      fc.record({
        fields: fc.constant(fields.map(({ name }, i) => ({ name, coding: codings[i] as Coding }))),
        key: fc.constant(key),
        rows: fc.array(fc.tuple(...codings.map((coding) => fc.option(VALUES[coding], { nil: undefined, freq: 6 }))), {
          maxLength: 60,
        }),
      }),
    )
})

const numbers = fc.record({
  fields: fc.constant([
    { name: 'id', coding: 'integer' as const },
    { name: 'name', coding: 'text' as const },
  ]),
  key: fc.constant(['id']),
  rows: fc
    .uniqueArray(
      fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer(), fc.constantFrom(2 ** 53 - 1, -(2 ** 53 - 1))),
      { minLength: 200, maxLength: 300 },
    )
    .map((ids) => ids.map((id): Value[] => [String(id), `name ${id}`])),
})

const layouts = fc.oneof(
  fc.constant<Layout>({ kind: 'single' }),
  fc.integer({ min: 1, max: 24 }).map((bits): Layout => ({ kind: 'hash', bits })),
  fc.integer({ min: 0, max: 62 }).map((shift): Layout => ({ kind: 'range', shift })),
)

function serverLine(row: readonly Value[]): string {
  return copyLine(row).replaceAll('\b', '\\b').replaceAll('\f', '\\f').replaceAll('\v', '\\v')
}

describe('packed records', () => {
  test('are byte for byte what the texts of the same rows are', () => {
    fc.assert(
      fc.property(fc.oneof(tables, numbers), layouts, fc.array(fc.nat()), ({ fields, key, rows }, layout, cuts) => {
        const bytes = Buffer.from(rows.map(serverLine).join(''))
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((x, y) => x - y), bytes.length]
        const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
        const plainReader = recordReader(fields, key)
        const plain = chunks.flatMap((chunk) => plainReader.read(chunk))
        const packing = packRecords()
        const reader = blockReader(fields, key)
        for (const block of [...chunks.flatMap((chunk) => reader.read(chunk)), ...reader.end()]) packing.add(block)

        // of records with one key both are refused, whichever is kept
        const texts = new Map(plain.toReversed().map((record) => [record.key, record.text]))
        expect(packing.count).toBe(plain.length)
        expect(packing.records.size).toBe(texts.size)
        expect(new Map(packing.records)).toEqual(texts)
        for (const [name, text] of texts) expect(packing.records.get(name)).toBe(text)
        expect(packing.records.has('[no such key]')).toBe(false)

        const serial = { ...schemaOf(key), fields: [{ name: key[0], type: 'int8', serial: true as const }] }
        expect(chooseLayout(serial, packing.records)).toEqual(chooseLayout(serial, texts))
        const schema = schemaOf(key)
        const wanted = { layout, order: 'sorted', present: ['0'] } as const
        const [fast, slow] = [recordsByFile(packing.records, wanted), plainByFile(texts, wanted)]
        expect(fast.buckets.toSorted()).toEqual(slow.buckets.toSorted())
        for (const bucket of slow.buckets) {
          const header = headerOf({ source: 'app', schema, layout }, bucket)
          expect(fast.file(header).toString('latin1')).toBe(slow.file(header).toString('latin1'))
          expect(fast.size(bucket)).toBe(slow.size(bucket))
          expect(fast.records(bucket)).toEqual(slow.records(bucket))
          expect(pairs(fast.keyHashes(bucket))).toEqual(pairs(slow.keyHashes(bucket)))
        }
      }),
    )
  })

  test('of many blocks, and of rows larger than a block, are all there', () => {
    const rows = Array.from({ length: 10_000 }, (_, id) =>
      serverLine([String(id), id % 5_000 === 0 ? 'x\u0001'.repeat(300_000) : `ü ${id}`]),
    )
    const fields = [
      { name: 'id', coding: 'integer' },
      { name: 'text', coding: 'text' },
    ] as const
    const packing = packed(blockReader(fields, ['id']), rows)
    expect(packing.records.size).toBe(10_000)
    const plain = recordReader(fields, ['id'])
    for (const { key, text } of rows.flatMap((row) => plain.read(Buffer.from(row))))
      if (packing.records.get(key) !== text) throw new Error(key)
  })

  test('tell that a key is missing', () => {
    const fields = [
      { name: 'a', coding: 'text' },
      { name: 'b', coding: 'text' },
    ] as const
    const lacks = (rows: readonly (readonly Value[])[]): boolean => {
      const reader = blockReader(fields, ['a'])
      return [...reader.read(Buffer.from(rows.map(serverLine).join(''))), ...reader.end()].some(
        ({ lacksKey }) => lacksKey,
      )
    }
    expect(lacks([['null', undefined]])).toBe(false)
    expect(
      lacks([
        ['1', '2'],
        [undefined, 'null'],
      ]),
    ).toBe(true)
  })

  test('of bytes that are no UTF-8 are what a text of them is', () => {
    const rows = ['k\xe9y\tv\xc3\xa9\n', 'k2\t\xff\xfe\n', 'k3\tv\n', 'k4\t\xe2\x82\n'].map((row) =>
      Buffer.from(row, 'latin1'),
    )
    const fields = [
      { name: 'a', coding: 'text' },
      { name: 'b', coding: 'text' },
    ] as const
    const plain = recordReader(fields, ['a'])
    const texts = new Map(rows.flatMap((row) => plain.read(row)).map(({ key, text }) => [key, text]))
    const { records } = packed(blockReader(fields, ['a']), rows)
    expect(new Map(records)).toEqual(texts)
    const header = headerOf({ source: 'app', schema: schemaOf(['a']), layout: { kind: 'single' } }, 'records')
    const wanted = { layout: header.layout, order: 'sorted' } as const
    expect(recordsByFile(records, wanted).file(header)).toEqual(plainByFile(texts, wanted).file(header))
  })

  test('of bytes that stop within a row are refused', () => {
    const reader = blockReader([{ name: 'a', coding: 'text' }], ['a'])
    reader.read(Buffer.from('1\n2'))
    expect(() => reader.end()).toThrow('stopped within a row')
  })
})

function packed(reader: ReturnType<typeof blockReader>, rows: readonly (string | Buffer)[]): Packing {
  const packing = packRecords()
  for (const row of rows)
    for (const block of reader.read(typeof row === 'string' ? Buffer.from(row) : row)) packing.add(block)
  for (const block of reader.end()) packing.add(block)
  return packing
}

function schemaOf(key: readonly string[]): CollectionSchema {
  return { name: 't', key, order: 'sorted' } as unknown as CollectionSchema
}

function pairs(halves: Uint32Array): string[] {
  return Array.from({ length: halves.length / 2 }, (_, i) => `${halves[2 * i]} ${halves[2 * i + 1]}`).toSorted()
}
