/** What PostgreSQL's own tests share: a database on one of the servers, set up by statements. */
import type { PostgresServer } from '../../support/postgres.ts'
import type { Statements } from '../fixture.ts'
import { openDatabaseOf, type PostgresDatabase } from './fixture.ts'

/** A test's own database, removed at its end whatever happens. */
export async function on(
  server: PostgresServer,
  setup: Statements,
  body: (database: PostgresDatabase) => Promise<void>,
): Promise<void> {
  const database = await openDatabaseOf(server.uri)
  try {
    await database.run(setup)
    await body(database)
  } finally {
    await database.close()
  }
}
