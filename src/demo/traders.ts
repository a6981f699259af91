/** The records of the demo and of the committed example: 190 traders, and the edits that two machines make to them at the same time. The same for every engine. */

/** One record. The database adds a key (`id`, `_id`). */
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

/** A number of edits that an application makes one after the other. */
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

/** The records that both machines have at the start; the same on every run. */
export function firstTraders(): Trader[] {
  return Array.from({ length: FIRST_RECORDS }, (_, i) => trader(i + 1, `trader${i + 1}`, START_MS + i * HOUR_MS))
}

/** The edits on the first machine: three traders added, three changed, one deleted. @param nowMs their time in milliseconds since 1970 */
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

/**
 * The edits on the second machine: two traders added, and three changed that the first machine changes too: one in the same field, one in another field, and one in a
 * counter. @param nowMs their time in milliseconds since 1970
 */
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

/** What both databases must have after the merge of these edits: the number of records, and for three of them, by name, what became of them. */
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
