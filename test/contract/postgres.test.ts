/** The adapter for PostgreSQL against real servers: the shared suite, as superuser on each and as an ordinary owner of the tables. */
import { inject } from 'vitest'
import { execute, query } from '../support/postgres.ts'
import { openDatabaseOf, postgres } from './postgres-fixture.ts'
import { contractSuite } from './suite.ts'

for (const server of inject('postgres')) {
  contractSuite(postgres(`PostgreSQL ${server.version} as superuser`, async () => openDatabaseOf(server.uri)))
  contractSuite(postgres(`PostgreSQL ${server.version} as owner`, async () => openDatabaseOf(server.uri, asOwner)))
}

/** A role without special rights that owns the database: no replica mode, triggers are disabled instead, the server checks foreign keys. */
async function asOwner(uri: string): Promise<string> {
  const url = new URL(uri)
  const database = url.pathname.slice(1)
  const known = await query(uri, `SELECT FROM pg_roles WHERE rolname = 'ordinary'`)
  if (known.length === 0) await execute(uri, `CREATE ROLE ordinary LOGIN`)
  await execute(uri, `ALTER DATABASE ${database} OWNER TO ordinary; ALTER SCHEMA public OWNER TO ordinary`)
  url.username = 'ordinary'
  return url.href
}
