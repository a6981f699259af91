/** What the demo needs of a database: to be the application that works with it. Each engine fills it with its own client, not with tandem's adapters. */
import type { Edits, Trader } from './traders.ts'

export interface DemoDatabase {
  /** For `.env`. */
  readonly url: string
  /** Makes the empty table, as the application's migrations would. */
  create(): Promise<void>
  edit(edits: Edits): Promise<void>
  /** These traders as the application sees them, in order of their names. */
  find(usernames: readonly string[]): Promise<readonly Trader[]>
  count(): Promise<number>
}

/** The databases of one run. */
export interface DemoServer {
  /** `PostgreSQL 18.4`, for people. */
  readonly name: string
  /** A database for a machine, in a folder that only this machine has. */
  database(machine: string, folder: string): Promise<DemoDatabase>
  /** Drops what was made, unless it is to be kept, and stops what was started. */
  close(options: { readonly keep: boolean }): Promise<void>
}

/** The fields of a trader, in the order in which tables and statements have them. */
export const FIELDS: readonly (keyof Trader)[] = [
  'user_id',
  'username',
  'timestamp',
  'profit_usd',
  'profit_sol',
  'ticker',
  'wins',
  'note',
]

/** Edits that only add. */
export function adding(added: readonly Trader[]): Edits {
  return { added, changed: new Map(), removed: [] }
}
