/** The records of the demo and of the committed example: 190 traders, and what two machines do to them at the same time. Apart from the databases, which all hold the same. */

/** One record; an engine adds a key of its own. */
export interface Trader {
  readonly user_id: number
  readonly username: string
  /** ISO 8601, UTC: when the record last changed. */
  readonly timestamp: string
  readonly profit_usd: number
  readonly profit_sol: number
  readonly ticker: string
  readonly wins: number
  readonly note: string | undefined
}

/** What an application does to its database in one sitting. */
export interface Edits {
  readonly added: readonly Trader[]
  /** Username → fields with their new values. */
  readonly changed: ReadonlyMap<string, Partial<Trader>>
  readonly removed: readonly string[]
}

const FIRST_RECORDS = 190
const TICKERS = ['SOL', 'BONK', 'JUP', 'WIF', 'RAY']
const START_MS = Date.UTC(2026, 0, 1)
const HOUR_MS = 3_600_000

/** The records that both machines start from; the same on every run. */
export function firstTraders(): Trader[] {
  return Array.from({ length: FIRST_RECORDS }, (_, i) => trader(i + 1, `trader${i + 1}`, START_MS + i * HOUR_MS))
}

/** On the first machine, at this time (milliseconds since 1970): three new traders, three edits, a delete. */
export function editsOfFirst(nowMs: number): Edits {
  const timestamp = isoTime(nowMs)
  return {
    added: ['ana', 'ben', 'chloe'].map((name, i) => trader(191 + i, name, nowMs + i)),
    changed: new Map<string, Partial<Trader>>([
      ['trader1', { profit_usd: 1250.5, timestamp }],
      ['trader2', { note: 'prefers small positions' }],
      ['trader3', { wins: 5 }],
    ]),
    removed: ['trader50'],
  }
}

/** On the second machine, at the same time: two new traders; of the same three, one field in conflict, one that the first did not touch, one counter. */
export function editsOfSecond(nowMs: number): Edits {
  return {
    added: ['dora', 'emil'].map((name, i) => trader(291 + i, name, nowMs + i)),
    changed: new Map<string, Partial<Trader>>([
      ['trader1', { profit_usd: 1180.25, timestamp: isoTime(nowMs) }],
      ['trader2', { ticker: 'RAY' }],
      ['trader3', { wins: 4 }],
    ]),
    removed: [],
  }
}

/** What the edits above lead to on both machines: the number of records, and three of them. */
export const AFTERWARDS: {
  readonly records: number
  readonly shown: ReadonlyMap<string, string>
} = {
  records: FIRST_RECORDS + 3 + 2 - 1,
  shown: new Map([
    ['trader1', 'both edited its profit: the newer edit won, the other one stands in the report'],
    ['trader2', 'one edited the note, the other the ticker: both are there'],
    ['trader3', 'one counted two wins, the other one: three more'],
  ]),
}

function trader(n: number, username: string, timeMs: number): Trader {
  return {
    user_id: 100_000 + n,
    username,
    timestamp: isoTime(timeMs),
    profit_usd: ((n * 7919) % 200_000) / 100,
    profit_sol: ((n * 104_729) % 9000) / 1000,
    ticker: TICKERS[n % TICKERS.length] as string,
    wins: n % 7,
    note: undefined,
  }
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
