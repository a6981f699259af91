/** What it costs to apply 20,000 changes, each guarded by what live must still hold, in one transaction. Baseline: the same changes row by row, unguarded. */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Adapter } from '../src/adapters/adapter.ts'
import type { Change } from '../src/model/change.ts'
import type { Selection } from '../src/model/collection.ts'
import { openEngine, TABLE, type BenchDatabase } from './engines/engine.ts'
import { PROGRAM } from './machines.ts'
import { compare, DEFAULT_ROWS, timed, type BenchmarkOptions, type Measured, type Skipped } from './measured.ts'
import { spreadIds } from './rows.ts'
import type { Workbench } from './workbench.ts'

const CHANGED = 20_000

export async function apply(options: BenchmarkOptions, workbench: Workbench): Promise<Measured | Skipped> {
  const { rows = DEFAULT_ROWS } = options
  const engine = await openEngine(options.engine, workbench)
  const root = workbench.newPath('apply')
  const database = await engine.empty(root)
  const { rowByRow } = database
  if (rowByRow === undefined) return { skipped: `no transactions in ${engine.name} here` }
  await database.fill(rows)
  const adapter = await openBuilt(database, root)
  try {
    const ids = spreadIds(rows, CHANGED)
    const { selection, changes } = await changesOf(adapter, database, ids)
    const plan = { collections: [{ selection, changes }], state: new Map(), expectedState: new Map() }
    const measured = await compare(ids.length, {
      runs: options.runs,
      work: () =>
        timed(async () => {
          const outcome = await adapter.apply(plan)
          if (outcome.status !== 'applied') throw new Error(outcome.status)
        }),
      baseline: () => rowByRow(ids, 1),
    })
    return {
      ...measured,
      notes: [
        `${ids.length} changes to ${rows} records; baseline: row by row in one transaction`,
        'the memory is that of the benchmark, which holds the plan',
      ],
    }
  } finally {
    await adapter.close()
  }
}

/** From the first mark, which the records have now, to the second. */
async function changesOf(
  adapter: Adapter,
  database: BenchDatabase,
  ids: readonly number[],
): Promise<{ readonly selection: Selection; readonly changes: readonly Change[] }> {
  const { collections } = await adapter.describe()
  const schema = collections.find(({ name }) => name === TABLE)
  if (schema === undefined) throw new Error(`no ${TABLE}`)
  const selection = { schema, omit: [], derived: [] }
  const texts = async (mark: number): Promise<ReadonlyMap<string, string>> => {
    await database.change(ids, mark)
    return recordsAt(adapter, selection, ids)
  }
  const [after, before] = [await texts(2), await texts(1)]
  const changes = [...before].map(([key, text]) => ({ key, before: text, after: after.get(key) }))
  return { selection, changes }
}

async function recordsAt(
  adapter: Adapter,
  selection: Selection,
  ids: readonly number[],
): Promise<ReadonlyMap<string, string>> {
  const keys = new Set(ids.map((id) => `[${id}]`))
  const records = new Map<string, string>()
  await adapter.snapshot(async (snapshot) => {
    for await (const batch of snapshot.records(selection))
      for (const { key, text } of batch) if (keys.has(key)) records.set(key, text)
  })
  return records
}

/** The adapter as it is built, not through a loader. */
async function openBuilt(database: BenchDatabase, root: string): Promise<Adapter> {
  const built = pathToFileURL(path.join(path.dirname(PROGRAM), '../index.js')).href
  const { openAdapter } = (await import(built)) as typeof import('../src/index.ts')
  return openAdapter(database.url, { connectTimeoutMs: 10_000, source: 'app', root })
}
