/** What SQLite's own tests share: a file in rollback-journal mode (the default) with an adapter on it. */
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { createSqlite, type SqliteFile } from '../../support/sqlite.ts'
import { openSqlite } from './fixture.ts'

export interface Scene {
  readonly file: SqliteFile
  readonly adapter: Adapter
}

/** A test's own database; `pragmas` run before the first table is made. */
export async function withFile(
  setup: readonly string[],
  body: (scene: Scene) => Promise<void>,
  pragmas: readonly string[] = [],
): Promise<void> {
  const file = createSqlite(pragmas)
  try {
    file.run(setup)
    await body({ file, adapter: await openSqlite(file.path) })
  } finally {
    file.remove()
  }
}
