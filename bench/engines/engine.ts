/** What the benchmarks do to a database, whatever the engine: fill it, change records, and read, dump and load it in the plainest way that the engine has, which are the baselines. */
import type { Run } from '../run-program.ts'
import type { Workbench } from '../workbench.ts'

export const ENGINE_NAMES = ['sqlite', 'postgres', 'mongodb'] as const

export type EngineName = (typeof ENGINE_NAMES)[number]

/** The table or collection of rows.ts. */
export const TABLE = 'pnl'

export interface BenchDatabase {
  /** For `.env`. */
  readonly url: string
  /** Inserts rows 1 to `rows`. */
  fill(rows: number): Promise<void>
  /** Gives these rows another profit and the time of the mark. */
  change(ids: readonly number[], mark: number): Promise<void>
  remove(ids: readonly number[]): Promise<void>
  /** How many rows there are, or how many have the time of the mark. */
  count(mark?: number): Promise<number>
  /** The same changes as `change`, row by row in one transaction; undefined where there are none. */
  readonly rowByRow: ((ids: readonly number[], mark: number) => Promise<Run>) | undefined
}

/** A baseline: what it is, in words, and how it is taken. */
interface Baseline {
  readonly words: string
  run(database: BenchDatabase): Promise<Run>
}

export interface BenchEngine {
  readonly name: EngineName
  /** A database of its own with the empty table, for the clone at `root`. */
  empty(root: string): Promise<BenchDatabase>
  /** Reads all rows. */
  readonly read: Baseline
  /** Writes a file from which the database could be made again. */
  readonly dump: Baseline
  /** Fills an empty table with the rows of the database; only the filling counts. */
  readonly load: Baseline
}

/** Starts the server, if there is one, until the workbench is closed. @throws Error when this machine has none */
export async function openEngine(name: EngineName, workbench: Workbench): Promise<BenchEngine> {
  return workbench.shared(`engine ${name}`, async () => {
    if (name === 'sqlite') return (await import('./sqlite.ts')).openSqlite(workbench)
    if (name === 'postgres') return (await import('./postgres.ts')).openPostgres(workbench)
    return (await import('./mongodb.ts')).openMongodb(workbench)
  })
}
