/** Large plans on SQLite stay linear: nothing in them is looked for once for each record. */
import { expect, test } from 'vitest'
import { selectionOf } from '../scene.ts'
import { withFile } from './scene.ts'

const [FEW, MANY] = [2_000, 16_000]

/** Eight times the rows take eight times as long, and looking through all records for each one sixty-four times. */
const MOST_TIMES = 24

test(
  'thousands of parents give their keys to others, every child follows its own, and the time grows as their number',
  { retry: 2 },
  async () => {
    const few = await timed(FEW)
    expect((await timed(MANY)) / few).toBeLessThan(MOST_TIMES)
  },
)

/** Milliseconds that it takes to give so many parents another key. */
async function timed(rows: number): Promise<number> {
  const numbers = Array.from({ length: rows }, (_, i) => i + 1)
  const setup = [
    'CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT)',
    'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))',
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO p SELECT i, 'old ' || i FROM n`,
    'INSERT INTO c SELECT id, id FROM p',
  ]
  let ms = 0
  await withFile(setup, async ({ adapter, file }) => {
    const parents = numbers.flatMap((id) => [
      { key: `[${id}]`, before: parent(id, `old ${id}`), after: parent(id, 'new'), reassigned: true as const },
      { key: `[${id + rows}]`, before: undefined, after: parent(id + rows, `old ${id}`), from: `[${id}]` },
    ])
    const children = numbers.map((id) => ({ key: `[${id}]`, before: child(id, id), after: child(id, id + rows) }))
    const plan = [
      { selection: await selectionOf(adapter, 'p'), changes: parents },
      { selection: await selectionOf(adapter, 'c'), changes: children },
    ]
    const start = Date.now()
    const outcome = await adapter.apply({ collections: plan, state: new Map(), expectedState: new Map() })
    ms = Date.now() - start
    expect(outcome).toMatchObject({ status: 'applied', inserted: rows, updated: 2 * rows })
    const own = `SELECT count(*) FROM c JOIN p ON p.id = c.p WHERE p.name = 'old ' || c.id`
    expect(file.rows(own)).toEqual([[BigInt(rows)]])
  })
  return ms
}

function parent(id: number, name: string): string {
  return `{"id":${id},"name":"${name}"}`
}

function child(id: number, to: number): string {
  return `{"id":${id},"p":${to}}`
}
