/** Replays two bots on two machines: each takes part of the changes, both change some records, and now and then they exchange; every outcome is judged by what the bots did. */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Fields, Row } from '../../support/live-database.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'
import { COLLECTIONS, firstSnapshot, nextSnapshot, randomFrom, TABLES, type Random, type Snapshot } from './bot.ts'
import { judge, touch, type Contest, type Touches } from './oracle.ts'

export interface ReplayResult {
  readonly problems: readonly string[]
  /** Records that a bot wrote, and fields that both wrote differently. */
  readonly writes: number
  readonly contests: number
}

interface Machine {
  readonly asset: Asset
  readonly gone: Set<string>
  now: Snapshot
  touches: Touches
}

/** Runs so many exchanges; before each, both bots write their files once to three times, each time followed by a data commit. */
export async function replay(options: { readonly exchanges: number; readonly seed: number }): Promise<ReplayResult> {
  const random = randomFrom(options.seed)
  const first = firstSnapshot()
  const records = Object.fromEntries(Object.entries(first).map(([name, all]) => [name, [...all.values()]]))
  const assets = await readyAssets(sqlite, { tables: TABLES, records, collections: COLLECTIONS })
  const machines = [assets.a, assets.b].map((asset): Machine => ({
    asset,
    gone: new Set(),
    now: first,
    touches: new Map(),
  }))
  const problems: string[] = []
  const contests: Contest[] = []
  let writes = 0
  let base = first
  try {
    for (let exchange = 1; exchange <= options.exchanges && problems.length === 0; exchange++) {
      for (const machine of machines) writes += await work(random, machine)
      if (exchange % 3 === 2) problems.push(...(await writeNothing(machines[exchange % 2] as Machine, assets)))
      await exchangeAll(assets, exchange % 2 === 0)
      const [a, b] = await Promise.all(machines.map(({ asset }) => read(asset)))
      if (text(a as Snapshot) !== text(b as Snapshot)) problems.push('the machines hold different records')
      const verdict = judge(base, [side(machines[0]), side(machines[1])], a as Snapshot)
      problems.push(...verdict.problems.map((problem) => `exchange ${exchange}: ${problem}`))
      contests.push(...verdict.contests)
      base = a as Snapshot
      for (const machine of machines) Object.assign(machine, { now: base, touches: new Map() })
    }
    problems.push(...(await missingInReports(assets, contests)))
    await exchangeAll(assets, true)
    problems.push(...(await disagreements(assets)), ...(await chatter(assets)))
    return { problems, writes, contests: contests.length }
  } finally {
    await assets.close()
  }
}

function side(machine: Machine | undefined): Machine {
  if (machine === undefined) throw new Error('two machines')
  return machine
}

/** One to three files of the bot, written and committed. Answers how many records were written. */
async function work(random: Random, machine: Machine): Promise<number> {
  const { asset, gone, touches } = machine
  let writes = 0
  for (let left = 1 + Math.floor(random() * 3); left > 0; left--) {
    const next = nextSnapshot(random, machine.now, { name: asset.name, gone })
    writes += await store(asset, machine.now, next)
    touch(touches, machine.now, next)
    machine.now = next
    const committed = await asset.tandem('export', '--commit')
    if (committed.code !== 0) throw new Error(committed.text)
  }
  return writes
}

/** The file is empty: nothing may be deleted anywhere. Then the bot is back with all it had. */
async function writeNothing(machine: Machine, { a, b }: TwoAssets): Promise<string[]> {
  const { asset, now } = machine
  const other = asset === a ? b : a
  const empty: Snapshot = Object.fromEntries(Object.keys(now).map((name) => [name, new Map<string, Fields>()]))
  await store(asset, now, empty)
  const before = text(await read(other))
  const push = await asset.try('push')
  const held = /would delete|empt/.test(push.text) ? [] : [`an empty file was not held: ${push.text}`]
  await other.git('fetch', '-q')
  const lines = (await other.git('grep', '-h', '-c', '"h":', 'origin/main', '--', 'exports/app/*.jsonl')).stdout
    .trim()
    .split('\n')
  const lost = lines.some((count) => Number(count) === 0) ? ['an empty file emptied the exports'] : []
  const changed = text(await read(other)) === before ? [] : ['an empty file changed the other machine']
  await store(asset, empty, now)
  return [...held, ...lost, ...changed]
}

/** Writes the difference of two files into the database, as a loader does. */
async function store({ database }: Asset, before: Snapshot, after: Snapshot): Promise<number> {
  const statements: string[] = []
  for (const [name, records] of Object.entries(after)) {
    const old = before[name] as ReadonlyMap<string, Fields>
    for (const key of old.keys())
      if (!records.has(key)) statements.push(`DELETE FROM ${name} WHERE id = ${literal(key)}`)
    for (const [key, record] of records)
      if (JSON.stringify(record) !== JSON.stringify(old.get(key)))
        statements.push(
          `INSERT OR REPLACE INTO ${name} (${Object.keys(record).join(', ')}) VALUES (${Object.values(record).map(literal).join(', ')})`,
        )
  }
  await database.run('BEGIN', ...statements, 'COMMIT')
  return statements.length
}

function literal(value: Fields[string] | undefined): string {
  if (value === null || value === undefined) return 'NULL'
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
}

async function read({ database }: Asset): Promise<Snapshot> {
  const snapshot: Record<string, ReadonlyMap<string, Fields>> = {}
  for (const name of Object.keys(COLLECTIONS)) {
    const rows = await database.rows(name)
    snapshot[name] = new Map(rows.map((row) => [String(row['id']), typed(row)]))
  }
  return snapshot
}

const NUMBERS: readonly string[] = ['profit_usd', 'wins', 'amount', 'fee']

function typed(row: Row): Fields {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value !== null && NUMBERS.includes(name) ? Number(value) : value,
    ]),
  )
}

function text(snapshot: Snapshot): string {
  return JSON.stringify(Object.entries(snapshot).map(([name, records]) => [name, [...records.values()]]))
}

async function exchangeAll({ a, b }: TwoAssets, isAFirst: boolean): Promise<void> {
  const [one, two] = isAFirst ? [a, b] : [b, a]
  await one.try('push', '-q')
  await two.git('pull', '-q', '--no-edit')
  await two.git('push', '-q')
  await one.git('pull', '-q', '--no-edit')
  await one.git('push', '-q')
  await two.git('pull', '-q', '--no-edit')
}

/** Where both bots wrote, one value lost; it has to stand in a report of one of the machines. */
async function missingInReports({ a, b }: TwoAssets, contests: readonly Contest[]): Promise<string[]> {
  const told = new Set<string>()
  for (const { root } of [a, b])
    for (const file of await readdir(path.join(root, 'exports/reports'), { recursive: true }).catch(() => []))
      if (file.endsWith('.json')) {
        const report = JSON.parse(await readFile(path.join(root, 'exports/reports', file), 'utf8')) as Report
        for (const { collection, key, field } of report.decisions) told.add(`${collection} ${key.join()} ${field}`)
      }
  return contests
    .filter(({ collection, key, field }) => !told.has(`${collection} ${key} ${field}`))
    .map(({ collection, key, field }) => `${collection} ${key}: the losing ${field} is in no report`)
}

interface Report {
  readonly decisions: readonly {
    readonly collection: string
    readonly key: readonly string[]
    readonly field?: string
  }[]
}
