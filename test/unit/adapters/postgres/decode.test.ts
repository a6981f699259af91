/** Rows of COPY as records: every text survives, however the bytes are cut into chunks. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recordReader } from '../../../../src/adapters/postgres/decode.ts'
import { copyLine, serverText, type Coding } from '../../../../src/adapters/postgres/values.ts'
import { keyOf, objectText, splitObject } from '../../../../src/model/canonical.ts'
import type { LiveRecord } from '../../../../src/model/change.ts'

const FIELDS = [
  { name: 'a', coding: 'text' },
  { name: 'b"\\', coding: 'text' },
  { name: 'i', coding: 'integer' },
  { name: 'j', coding: 'jsonb' },
  { name: 'o', coding: 'boolean' },
  { name: 'ü', coding: 'text' },
] as const

/** A line as the server writes it: unlike ours it has short escapes for \b \f \v too. */
function serverLine(columns: readonly (string | undefined)[]): string {
  return copyLine(columns).replaceAll('\b', '\\b').replaceAll('\f', '\\f').replaceAll('\v', '\\v')
}

function read(lines: string, key: readonly string[], cuts: readonly number[] = []): LiveRecord[] {
  const reader = recordReader(FIELDS, key)
  const bytes = Buffer.from(lines)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((x, y) => x - y), bytes.length]
  const records = places.slice(1).flatMap((end, i) => reader.read(bytes.subarray(places[i], end)))
  reader.end()
  return records
}

/** Whatever text PostgreSQL can store: any characters but NUL. */
const storable = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))
const row = fc.tuple(
  fc.option(storable, { nil: undefined }),
  fc.option(storable, { nil: undefined }),
  fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
  fc.option(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    { nil: undefined },
  ),
  fc.option(fc.boolean(), { nil: undefined }),
  fc.option(storable, { nil: undefined }),
)

function bare(integer: bigint): string {
  const safe = BigInt(Number.MAX_SAFE_INTEGER)
  return integer <= safe && integer >= -safe ? `${integer}` : `"${integer}"`
}

describe('reading COPY', () => {
  test('gives the canonical text of any row, and writing that gives the row again, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(row), fc.array(fc.nat()), (rows, cuts) => {
        const expected = rows.map(([a, b, i, j, o, u]) => {
          const texts = [a, b, i, j, o, u].map((value, n) => {
            if (value === undefined) return undefined
            if (typeof value === 'bigint') return bare(value)
            return typeof value === 'boolean' ? String(value) : n === 3 ? value : JSON.stringify(value)
          })
          const fields = FIELDS.flatMap(({ name }, n) => (texts[n] === undefined ? [] : [[name, texts[n]] as const]))
          return { key: keyOf(new Map(fields), ['i', 'ü']), text: objectText(fields) }
        })
        const columns = rows.map(([a, b, i, j, o, u]) => [
          a,
          b,
          i?.toString(),
          j,
          o === undefined ? o : o ? 't' : 'f',
          u,
        ])
        const lines = columns.map(serverLine).join('')
        expect(read(lines, ['i', 'ü'], cuts)).toEqual(expected)
        const written = expected.map(({ text }) => {
          const values = splitObject(text)
          return copyLine(FIELDS.map(({ name, coding }) => serverText(values.get(name), coding)))
        })
        expect(written.join('')).toBe(
          columns
            .map((line) =>
              copyLine(
                line.map((text, n) => (n === 4 && text !== undefined ? (text === 't' ? 'true' : 'false') : text)),
              ),
            )
            .join(''),
        )
      }),
    )
  })

  test.each([
    ['9007199254740991', '9007199254740991'],
    ['9007199254740992', '"9007199254740992"'],
    ['-9007199254740991', '-9007199254740991'],
    ['-9007199254740992', '"-9007199254740992"'],
    ['10000000000000000', '"10000000000000000"'],
    ['999999999999999', '999999999999999'],
  ])('the integer %s stands as %s', (digits, text) => {
    expect(read(serverLine([undefined, undefined, digits]).replace('\n', '\t\\N\t\\N\t\\N\n'), ['i'])).toEqual([
      { key: `[${text}]`, text: `{"i":${text}}` },
    ])
  })

  test('a row of NULLs is an empty record with null in its key', () => {
    expect(read('\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n', ['a', 'i'])).toEqual([{ key: '[null,null]', text: '{}' }])
  })

  test('the text \\N is not NULL', () => {
    expect(read('\\\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n', ['a'])).toEqual([{ key: '["\\\\N"]', text: '{"a":"\\\\N"}' }])
  })

  test('rows longer than the buffer are read', () => {
    const long = '"\u0001é'.repeat(100_000)
    const line = serverLine([long, undefined, undefined, undefined, undefined, long])
    expect(read(line, ['a'])).toEqual([{ key: JSON.stringify([long]), text: JSON.stringify({ a: long, ü: long }) }])
  })

  test('data that stops within a row is an error', () => {
    expect(() => read('a\tb', ['a'])).toThrow(/stopped/)
  })
})

describe('writing COPY', () => {
  test.each<readonly [Coding, string, string]>([
    ['text', '"a\\u0000b"', 'a\0b'],
    ['text', '{"a": 1}', '{"a": 1}'],
    ['text', '5', '5'],
    ['jsonb', '"5"', '"5"'],
    ['integer', '"9007199254740993"', '9007199254740993'],
    ['boolean', 'true', 'true'],
  ])('%s %s is written as the server is to read it', (coding, value, text) => {
    expect(serverText(value, coding)).toBe(text)
  })
})
