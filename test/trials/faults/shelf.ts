/** Databases that can be put on a shelf and taken down again as often as a trial needs them. A file in the clone is copied with it; a database on a server is made anew from a copy. */
import type { Engine, LiveDatabase } from '../../support/live-database.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { postgres } from '../../support/live-postgres.ts'
import { execute, withDatabase, type PostgresServer } from '../../support/postgres.ts'

export interface Shelf {
  readonly engine: Engine
  /** How many trials can be under way at once. */
  readonly jobs: number
  /** What the machines hold now is what `restore` gives. */
  keep(): Promise<void>
  /** The machines' databases as they were kept, and an engine that finds them. */
  restore(): Promise<Engine>
  /** Drops what was kept. */
  close(): Promise<void>
}

/** SQLite: everything lies in the folder that a trial copies. */
export const files: Shelf = {
  engine: sqlite,
  jobs: 2,
  keep: async () => undefined,
  restore: async () => sqlite,
  close: async () => undefined,
}

/** PostgreSQL: the same two databases for all trials of an operation, one after the other. */
export function databases(server: PostgresServer): Shelf {
  const original = postgres([server])
  const made: LiveDatabase[] = []
  const names = (): string[] => made.map(({ url }) => new URL(url).pathname.slice(1))
  const run = (...statements: readonly string[]): Promise<void[]> =>
    Promise.all(statements.map((statement) => execute(withDatabase(server.uri, 'postgres'), statement)))
  const drop = (...all: readonly string[]): Promise<void[]> =>
    run(...all.map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  const create: Engine['create'] = async (root, index) => {
    const database = await original.create(root, index)
    made[index] = database
    return { ...database, drop: async () => undefined }
  }
  const copy = async (from: string, to: string): Promise<void> => {
    await drop(to)
    await run(`CREATE DATABASE ${to} TEMPLATE ${from}`)
  }
  return {
    engine: { ...original, create },
    jobs: 1,
    keep: async () => {
      for (const name of names()) await copy(name, `${name}_kept`)
    },
    restore: async () => {
      for (const name of names()) await copy(`${name}_kept`, name)
      const again: Engine['create'] = async (_root, index) => ({
        ...(made[index] as LiveDatabase),
        drop: async () => undefined,
      })
      return { ...original, create: again }
    },
    close: async () => {
      await drop(...names(), ...names().map((name) => `${name}_kept`))
    },
  }
}
