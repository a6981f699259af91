/**
 * A trading bot as real ones behave: it keeps its traders and their trades in a JSON file that it writes anew each time. Most changes leave the record's timestamp where
 * it was, some move it backwards; records vanish and come again; fields come and go; counters count; once in a while the file is empty.
 */
import type { Fields } from '../../support/live-database.ts'

/** Collection → key → fields. */
export type Snapshot = Readonly<Record<string, ReadonlyMap<string, Fields>>>

export const TABLES: readonly string[] = [
  'CREATE TABLE traders (id TEXT PRIMARY KEY, username TEXT, ticker TEXT, profit_usd REAL, wins INTEGER, note TEXT, source TEXT, timestamp TEXT)',
  'CREATE TABLE trades (id TEXT PRIMARY KEY, trader TEXT, amount REAL, state TEXT, fee REAL, timestamp TEXT)',
]

/** How the collections are merged. */
export const COLLECTIONS: Readonly<Record<string, unknown>> = {
  traders: { newest: 'timestamp', counters: ['wins'] },
  trades: { newest: 'timestamp' },
}

/** The field that both machines' bots count up. */
export const COUNTER = 'wins'

/** Fields that a bot changes, and which of them may be missing. */
const CHANGED: Readonly<Record<string, readonly string[]>> = {
  traders: ['username', 'ticker', 'profit_usd', 'note', 'source'],
  trades: ['amount', 'state', 'fee'],
}
const OPTIONAL: readonly string[] = ['note', 'source', 'fee']

/** A number from 0 up to, not including, 1; the same seed gives the same numbers (mulberry32). */
export type Random = () => number

export function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The file that a bot starts with. */
export function firstSnapshot(): Snapshot {
  const traders = Array.from({ length: 30 }, (_, i) => newTrader(`t${i}`, i))
  const trades = Array.from({ length: 40 }, (_, i) => newTrade(`x${i}`, i))
  return { traders: keyed(traders), trades: keyed(trades) }
}

function keyed(records: readonly Fields[]): Map<string, Fields> {
  return new Map(records.map((record) => [String(record['id']), record]))
}

function newTrader(id: string, n: number): Fields {
  const timestamp = moment(n)
  return {
    id,
    username: `user ${n}`,
    ticker: `T${n % 5}`,
    profit_usd: n + 0.25,
    wins: n,
    note: null,
    source: null,
    timestamp,
  }
}

function newTrade(id: string, n: number): Fields {
  return { id, trader: `t${n % 30}`, amount: n * 1.5, state: 'open', fee: null, timestamp: moment(n) }
}

function moment(hours: number): string {
  return new Date(Date.UTC(2026, 0, 1) + Math.round(hours * 3_600_000)).toISOString()
}

/** The file as the bot writes it next: some records changed, a few gone, new, or there again. `name` keeps the keys of two bots apart. */
export function nextSnapshot(
  random: Random,
  now: Snapshot,
  bot: { readonly name: string; readonly gone: Set<string> },
): Snapshot {
  const next: Record<string, Map<string, Fields>> = {}
  for (const [collection, records] of Object.entries(now)) {
    const after = new Map(records)
    for (const [key, record] of records) {
      const chance = random()
      if (chance < 0.02) {
        after.delete(key)
        bot.gone.add(`${collection} ${key}`)
      } else if (chance < 0.25) after.set(key, changed(random, collection, record))
    }
    for (let i = 0; i < 2; i++) addOne(random, { collection, after, bot })
    next[collection] = after
  }
  return next
}

function changed(random: Random, collection: string, record: Fields): Fields {
  const fields = { ...record, ...timestampOf(random, record) }
  if (collection === 'traders' && random() < 0.4)
    return { ...fields, wins: Number(record['wins']) + 1 + Math.floor(random() * 3) }
  const names = CHANGED[collection] as readonly string[]
  const name = names[Math.floor(random() * names.length)] as string
  const isNumber = ['profit_usd', 'amount', 'fee'].includes(name)
  const value = isNumber ? Math.floor(random() * 10_000) / 4 : `v${Math.floor(random() * 1_000_000)}`
  return { ...fields, [name]: OPTIONAL.includes(name) && random() < 0.3 ? null : value }
}

/** As measured on real data: it stays in 71 % of the changes, and in every third of the others it goes back. */
function timestampOf(random: Random, { timestamp }: Fields): Fields {
  if (random() < 0.71) return {}
  const hours = (Date.parse(String(timestamp)) - Date.UTC(2026, 0, 1)) / 3_600_000
  return { timestamp: moment(hours + (random() < 0.33 ? -random() * 50 : random() * 50)) }
}

/** A new record, or one that was there before. */
function addOne(
  random: Random,
  at: {
    readonly collection: string
    readonly after: Map<string, Fields>
    readonly bot: { readonly name: string; readonly gone: Set<string> }
  },
): void {
  const { collection, after, bot } = at
  const [back] = [...bot.gone].filter((each) => each.startsWith(`${collection} `))
  const n = Math.floor(random() * 1_000_000)
  const key = back !== undefined && random() < 0.5 ? back.slice(collection.length + 1) : `${bot.name}${n}`
  bot.gone.delete(`${collection} ${key}`)
  if (!after.has(key)) after.set(key, collection === 'traders' ? newTrader(key, n % 100) : newTrade(key, n % 100))
}
