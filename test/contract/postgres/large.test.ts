/** Large plans on PostgreSQL stay linear also where the server knows nothing of the tables: guessed numbers of rows must not choose joins that compare all with all. */
import { describe, expect, inject, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import type { ApplyOutcome } from '../../../src/model/change.ts'
import { changesOf } from '../pairs.ts'
import { selectionOf } from '../scene.ts'
import { on } from './scene.ts'

const [FEW, MANY] = [2_000, 16_000]

/** Eight times the rows take eight times as long, and comparing all with all sixty-four times. */
const MOST_TIMES = 24

/** Twenty wide columns: the server takes a row for larger than a page, and so the table for one row. */
const WIDE = Array.from({ length: 20 }, (_, i) => `w${i} varchar(1000)`).join(', ')
const UNKNOWN = 'WITH (autovacuum_enabled = false)'

const parent = (id: number): string => `{"id":${id},"name":"parent ${id}"}`
const child = (id: number, to: number): string => `{"id":${id},"parent":${to}}`

/** Applies pairs of record texts to several collections as one plan; `id` is the key, by the table or by the configuration. */
async function write(
  adapter: Adapter,
  pairs: Readonly<Record<string, Parameters<typeof changesOf>[1]>>,
): Promise<ApplyOutcome> {
  const collections = []
  for (const [name, list] of Object.entries(pairs)) {
    const { schema, ...rest } = await selectionOf(adapter, name)
    const selection = { ...rest, schema: { ...schema, key: ['id'] } }
    collections.push({ selection, changes: changesOf(selection, list) })
  }
  return adapter.apply({ collections, state: new Map(), expectedState: new Map() })
}

describe.each(inject('postgres'))('PostgreSQL $version ($name)', (server) => {
  test.each([
    { with: 'a key', key: 'id int PRIMARY KEY', reference: 'REFERENCES p' },
    { with: 'a configured key that may be NULL', key: 'id int UNIQUE', reference: '' },
  ])(
    'with $with a plan of eight times the rows takes about eight times as long',
    { retry: 2 },
    async ({ key, reference }) => {
      const tables = [
        `CREATE TABLE p (${key}, name text, ${WIDE}) ${UNKNOWN}`,
        `CREATE TABLE c (${key}, parent int ${reference}, ${WIDE}) ${UNKNOWN}`,
      ]
      const seconds = (rows: number): Promise<number> =>
        timed(rows, (body) => on(server, tables, async ({ adapter }) => body(adapter)))
      const few = await seconds(FEW)
      expect((await seconds(MANY)) / few).toBeLessThan(MOST_TIMES)
    },
  )
})

/** Milliseconds that it takes to write, to move and to remove so many parents with a child each. */
async function timed(
  rows: number,
  inDatabase: (body: (adapter: Adapter) => Promise<void>) => Promise<void>,
): Promise<number> {
  const numbers = Array.from({ length: rows }, (_, i) => i + 1)
  let ms = 0
  await inDatabase(async (adapter) => {
    const start = Date.now()
    const added = await write(adapter, {
      p: numbers.map((id) => [undefined, parent(id)] as const),
      c: numbers.map((id) => [undefined, child(id, id)] as const),
    })
    expect(added).toMatchObject({ status: 'applied', inserted: 2 * rows })
    const moved = numbers.map((id) => [child(id, id), child(id, rows + 1 - id)] as const)
    expect(await write(adapter, { c: moved })).toMatchObject({ status: 'applied', updated: rows })
    const removed = await write(adapter, {
      p: numbers.map((id) => [parent(id), undefined] as const),
      c: numbers.map((id) => [child(id, rows + 1 - id), undefined] as const),
    })
    expect(removed).toMatchObject({ status: 'applied', deleted: 2 * rows })
    ms = Date.now() - start
  })
  return ms
}
