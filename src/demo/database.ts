/** What the demo needs of a database in order to act as the application that uses it. Each engine does it with its own client library, not with tandem's adapters. */
import type { Edits, Trader } from './traders.ts'

/** The database of one machine. */
export interface DemoDatabase {
  /** Its URL, for the file `.env`. */
  readonly url: string
  /** Creates the empty table, as the application's migrations would. */
  create(): Promise<void>
  /** Makes the edits, as the application would. */
  edit(edits: Edits): Promise<void>
  /** The traders with these names, sorted by name. */
  find(usernames: readonly string[]): Promise<readonly Trader[]>
  /** The number of traders. */
  count(): Promise<number>
}

/** The server, or whatever there is in its place, that has the databases of one run of the demo. */
export interface DemoServer {
  /** Name and version, for people: `PostgreSQL 18.4`. */
  readonly name: string
  /** Makes a database for a machine. @param folder the machine's clone, for engines that keep a database in a file */
  database(machine: string, folder: string): Promise<DemoDatabase>
  /** Drops the databases that were made, unless `keep` says otherwise, and stops the server if the demo started it. */
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

/** Edits that only add these traders. */
export function adding(added: readonly Trader[]): Edits {
  return { added, changed: new Map(), removed: [] }
}

/** The URL of another database on the server of `serverUrl`. */
export function urlOfDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** The name of a machine's database on a server that others may use too. @param run an id of this run of the demo */
export function databaseName(run: string, machine: string): string {
  return `tandem_demo_${run}_${machine.replaceAll('-', '_')}`
}
