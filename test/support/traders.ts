/** The records of the scenarios: traders as a trading client keeps them. */
import type { Fields } from './live-database.ts'

/** The day the first record is of. */
const START = Date.UTC(2026, 0, 1)

/** A moment some hours after the first record's. */
export function hour(hours: number): Date {
  return new Date(START + hours * 3_600_000)
}

/** Trader number `i`; `key` is the name of the key field, `id` or `_id`. */
export function trader(key: string, i: number, more: Fields = {}): Fields {
  return {
    [key]: `trader-${String(i).padStart(4, '0')}`,
    username: `user${i}`,
    user_id: 1000 + i,
    ticker: `T${i % 7}`,
    profit_usd: i + 0.5,
    profit_sol: i / 4,
    note: '',
    timestamp: hour(i % 24),
    updated_at: hour(i % 24),
    ...more,
  }
}

/** Traders numbered from `first`, `count` of them. */
export function traders(key: string, count: number, first = 1): Fields[] {
  return Array.from({ length: count }, (_, i) => trader(key, first + i))
}
