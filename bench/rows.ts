/** The rows of the benchmarks: about 250 bytes each, the same for a number on every engine and at every time. */

export interface BenchRow {
  readonly id: number
  readonly user_id: number
  readonly username: string
  readonly ts: Date
  /** Two places behind the point. */
  readonly profit_usd: string
  /** Nine places behind the point. */
  readonly profit_sol: string
  readonly ticker: string
  readonly note: string | null
  readonly tags: readonly string[]
}

const TICKERS = ['SOL', 'BONK', 'JUP', 'RAY', 'WIF', 'ORCA', 'PYTH', 'JTO']
const TAGS = ['spot', 'margin', 'bot-alpha', 'bot-beta', 'manual', 'copied-from-leader', 'stop-loss-hit', 'late-entry']
const WORDS = [
  'sold half into strength',
  'entry was late',
  'follows the leader',
  'stopped out twice',
  'held over night',
]

const FIRST = Date.parse('2025-01-01T00:00:00Z')

/** Row `id`, from 1. */
export function rowAt(id: number): BenchRow {
  const hash = mixed(id)
  const more = mixed(hash)
  const pick = (words: readonly string[], by: number): string => words[by % words.length] as string
  return {
    id,
    user_id: 100_000 + (hash % 50_000),
    username: `trader_${(hash % 50_000).toString(36)}_${pick(TICKERS, hash).toLowerCase()}`,
    ts: new Date(FIRST + id * 7_000 + (hash % 1000)),
    profit_usd: `${hash % 2 === 0 ? '-' : ''}${(hash >>> 8) % 100_000}.${twoDigits(more % 100)}`,
    profit_sol: `${(more >>> 8) % 1000}.${String(more % 1_000_000_000).padStart(9, '0')}`,
    ticker: pick(TICKERS, more),
    note: id % 4 === 0 ? null : `${pick(WORDS, hash)}, ${pick(WORDS, more)}, see order ${more.toString(16)}`,
    tags: [pick(TAGS, hash), pick(TAGS, more), pick(TAGS, hash >>> 5), `strategy-${more % 997}`],
  }
}

/** The time that a changed row gets: later than that of any row, and later for a greater mark. */
export function timeOfMark(mark: number): Date {
  return new Date(Date.parse('2027-01-01T00:00:00Z') + mark * 1000)
}

/** `count` numbers of rows spread evenly over all, each time others for another `shift`; no more than there are rows. */
export function spreadIds(rows: number, count: number, shift = 0): number[] {
  const step = Math.max(1, Math.floor(rows / count))
  return Array.from({ length: Math.min(count, rows) }, (_, i) => i * step + 1 + (shift % step))
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** A 32-bit number that looks random (the finaliser of MurmurHash3). */
function mixed(number: number): number {
  let hash = number >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
