/** Values and keys as only SQLite has them: any type in any column, conversions on insert, NULL in keys. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sortedObjectText } from '../../../src/model/canonical.ts'
import type { Change } from '../../../src/model/change.ts'
import { UndoneError, UsageError } from '../../../src/model/errors.ts'
import { planOf, recordsOf, selectionOf } from '../scene.ts'
import { apply, changesOf, records, thrown } from '../pairs.ts'
import { withFile, type Scene } from './scene.ts'

describe('values', () => {
  const table = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a, i INTEGER, r REAL, n NUMERIC, t TEXT, b BLOB)'

  test('any value written as its text reads as that text, or is refused', async () => {
    const real = fc.double({ noNaN: true }).map((value) => `{"$real":"${realText(value)}"}`)
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(integerText)
    const small = fc.integer().map(String)
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string()).map((value) => JSON.stringify(value))
    const blob = fc.uint8Array().map((bytes) => `{"$blob":"${Buffer.from(bytes).toString('base64')}"}`)
    await withFile([table.replace('i INTEGER, r REAL, n NUMERIC, t TEXT, ', '')], async ({ adapter }) => {
      let id = 0
      const value = fc.oneof(real, integer, small, text, blob)
      await fc.assert(
        fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
          const wanted = values.map((each) => `{"a":${each},"b":${each},"id":${id++}}`)
          expect(
            await apply(
              adapter,
              't',
              wanted.map((after) => [undefined, after]),
            ),
          ).toMatchObject({ status: 'applied' })
          const live = new Set(await records(adapter, 't'))
          expect(wanted.filter((each) => !live.has(each))).toEqual([])
        }),
        { numRuns: 60 },
      )
    })
  })

  test('texts that are no value of an export are refused before anything is written', async () => {
    await withFile([table, `INSERT INTO t (id) VALUES (1)`], async ({ adapter }) => {
      const bad = ['true', '[1]', '{}', '1.5', '1e3', '-0', '01', '9007199254740993', '"\\ud800"', 'null']
      const badTyped = ['{"$int":"5"}', '{"$int":"9223372036854775808"}', '{"$int":9007199254740993}', '{"$real":"1"}']
      const badBytes = [
        '{"$blob":"A"}',
        '{"$blob":"AP8"}',
        '{"$other":"x"}',
        '{"$real":"NaN"}',
        '{"$real":"1.0","x":"y"}',
      ]
      for (const value of [...bad, ...badTyped, ...badBytes]) {
        const error = await thrown(
          apply(adapter, 't', [
            ['{"id":1}', undefined],
            [undefined, `{"a":${value},"id":2}`],
          ]),
        )
        expect([value, error]).toEqual([value, expect.any(UsageError)])
        expect(String(error)).toMatch(/t \[2\]/)
      }
      expect(await records(adapter, 't')).toEqual(['{"id":1}'])
    })
  })

  test('a conversion by the column’s type is caught for every affinity', async () => {
    await withFile([table], async ({ adapter }) => {
      const converted: readonly (readonly [string, string])[] = [
        ['i', '"5"'],
        ['i', '{"$real":"5.0"}'],
        ['r', '5'],
        ['r', '"1e3"'],
        ['n', '"5.0"'],
        ['t', '5'],
        ['t', '{"$real":"1.5"}'],
      ]
      for (const [field, value] of converted) {
        const after = sortedObjectText([
          ['id', '1'],
          [field, value],
        ])
        const error = await thrown(apply(adapter, 't', [[undefined, after]]))
        expect([field, value, error]).toEqual([field, value, expect.any(UndoneError)])
        expect(String(error)).toContain(`field ${field}`)
      }
      expect(await records(adapter, 't')).toEqual([])
    })
  })

  test('a database whose text is UTF-16 exports the same texts', async () => {
    for (const [encoding, unpaired] of [
      ['UTF-16le', 'ANg='],
      ['UTF-16be', '2AA='],
    ]) {
      const body = async ({ adapter }: Scene): Promise<void> => {
        const wanted = [
          '{"a":"é€😀","id":1}',
          '{"a":"a\\u0000b","id":2}',
          '{"a":"","id":3}',
          `{"a":{"$text":"${unpaired}"},"id":4}`,
          '{"a":{"$blob":"/w=="},"id":5}',
          '{"a":"plain","id":6}',
        ]
        const inserts = wanted.map((after) => [undefined, after] as const)
        expect(await apply(adapter, 'tä', inserts)).toMatchObject({ inserted: 6 })
        expect(await records(adapter, 'tä')).toEqual(wanted)
        const odd = apply(adapter, 'tä', [[undefined, '{"a":{"$text":"AGEA"},"id":7}']])
        expect(await thrown(odd)).toBeInstanceOf(UndoneError)
      }
      await withFile(['CREATE TABLE "tä" (id INTEGER PRIMARY KEY, a)'], body, [`PRAGMA encoding='${encoding}'`])
    }
  })
})

describe('keys', () => {
  test('composite, text, blob, NULL and WITHOUT ROWID keys find exactly their record', async () => {
    const setup = [
      'CREATE TABLE composite (a TEXT, b, c, v, PRIMARY KEY (b, a)) WITHOUT ROWID',
      'CREATE TABLE nullable (k PRIMARY KEY, v)',
    ]
    await withFile(setup, async ({ adapter }) => {
      const composite = ['{"a":"x","b":1}', '{"a":"x","b":"1"}', '{"a":"x","b":{"$blob":"MQ=="}}', '{"a":"y","b":1}']
      const nullable = [
        '{"v":1}',
        '{"k":{"$int":"9007199254740993"}}',
        '{"k":9007199254740991}',
        '{"k":"a\\u0000"}',
        '{"k":"a"}',
      ]
      await apply(
        adapter,
        'composite',
        composite.map((after) => [undefined, after]),
      )
      await apply(
        adapter,
        'nullable',
        nullable.map((after) => [undefined, after]),
      )
      expect(new Set(await records(adapter, 'composite'))).toEqual(new Set(composite))
      expect(new Set(await records(adapter, 'nullable'))).toEqual(new Set(nullable))
      await apply(adapter, 'composite', [
        ['{"a":"x","b":"1"}', '{"a":"x","b":"1","v":7}'],
        ['{"a":"x","b":1}', undefined],
      ])
      await apply(adapter, 'nullable', [
        ['{"v":1}', '{"v":2}'],
        ['{"k":"a\\u0000"}', undefined],
      ])
      expect(new Set(await records(adapter, 'composite'))).toEqual(
        new Set([composite[2], composite[3], '{"a":"x","b":"1","v":7}']),
      )
      expect(new Set(await records(adapter, 'nullable'))).toEqual(
        new Set(['{"v":2}', ...nullable.slice(1, 3), '{"k":"a"}']),
      )
    })
  })

  test('a key that differs in case only is another key, also where the column ignores case', async () => {
    await withFile(
      ['CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, v)', `INSERT INTO t VALUES ('a', 1)`],
      async ({ adapter }) => {
        expect(await apply(adapter, 't', [['{"k":"A","v":1}', undefined]])).toMatchObject({ status: 'stale' })
        expect(await apply(adapter, 't', [[undefined, '{"k":"A"}']])).toMatchObject({
          status: 'violation',
          key: '["A"]',
        })
        const renamed = await apply(adapter, 't', [
          ['{"k":"a","v":1}', undefined],
          [undefined, '{"k":"A","v":1}'],
        ])
        expect(renamed).toMatchObject({ inserted: 1, deleted: 1 })
        expect(await records(adapter, 't')).toEqual(['{"k":"A","v":1}'])
      },
    )
  })

  test('a table without a key uses the configured one, which must be unique', async () => {
    const setup = [
      'CREATE TABLE t (k TEXT COLLATE NOCASE, v)',
      `INSERT INTO t VALUES ('a', 1), ('A', 2), ('b', 3), ('b', 4)`,
    ]
    await withFile(setup, async ({ adapter }) => {
      const found = await selectionOf(adapter, 't')
      expect(found.schema.key).toEqual([])
      expect(
        await thrown(adapter.apply(planOf(found, [{ key: '[]', before: '{"k":"a","v":1}', after: undefined }]))),
      ).toBeInstanceOf(UsageError)
      const selection = { ...found, schema: { ...found.schema, key: ['k'] } }
      const change = (before: string, after: string | undefined): Change =>
        changesOf(selection, [[before, after]])[0] as Change
      expect(await adapter.apply(planOf(selection, [change('{"k":"a","v":1}', '{"k":"a","v":9}')]))).toMatchObject({
        updated: 1,
      })
      expect((await recordsOf(adapter, selection)).toSorted()).toEqual([
        '{"k":"A","v":2}',
        '{"k":"a","v":9}',
        '{"k":"b","v":3}',
        '{"k":"b","v":4}',
      ])
      const error = await thrown(adapter.apply(planOf(selection, [change('{"k":"b","v":3}', undefined)])))
      expect(String(error)).toContain('2 records with the key ["b"]')
    })
  })

  test('new numbers without AUTOINCREMENT lie above every row; used up or not handed out at all is an error', async () => {
    const setup = [
      'CREATE TABLE a (id INTEGER PRIMARY KEY)',
      'INSERT INTO a VALUES (41)',
      'CREATE TABLE b (id TEXT PRIMARY KEY)',
    ]
    await withFile(
      [
        ...setup,
        '/* AUTOINCREMENT */ CREATE TABLE "AUTOINCREMENT" (id INTEGER PRIMARY KEY) -- AUTOINCREMENT',
        'CREATE TABLE real (id INTEGER PRIMARY KEY AUTOINCREMENT)',
      ],
      async ({ adapter, file }) => {
        const schemaOf = async (name: string) => (await selectionOf(adapter, name)).schema
        expect(await adapter.nextKeys(await schemaOf('a'), 2, 0n)).toEqual(['42', '43'])
        expect(await adapter.nextKeys(await schemaOf('AUTOINCREMENT'), 1, 0n)).toEqual(['1'])
        expect(file.rows('SELECT * FROM sqlite_sequence')).toEqual([])
        expect(await adapter.nextKeys(await schemaOf('real'), 1, 2n ** 53n)).toEqual(['{"$int":"9007199254740993"}'])
        expect(file.rows('SELECT name, seq FROM sqlite_sequence')).toEqual([['real', 2n ** 53n + 1n]])
        expect(await thrown(adapter.nextKeys(await schemaOf('a'), 1, 2n ** 63n - 1n))).toBeInstanceOf(UsageError)
        expect(await thrown(adapter.nextKeys(await schemaOf('b'), 1, 0n))).toBeInstanceOf(UsageError)
      },
    )
  })
})

function realText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  return Number.isInteger(value) && !String(value).includes('e') ? `${value}.0` : String(value)
}

function integerText(value: bigint): string {
  const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER)
  return isSafe ? String(value) : `{"$int":"${value}"}`
}
