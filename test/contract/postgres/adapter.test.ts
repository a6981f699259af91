/** The adapter for PostgreSQL against real servers: the shared suite, as superuser on each, and as an ordinary owner of the tables on one. */
import { inject } from 'vitest'
import { asOwner, openDatabaseOf, postgres } from './fixture.ts'
import { contractSuite } from '../suite.ts'
import { TABLES } from '../tables.ts'

const servers = inject('postgres')

for (const { name, uri, version } of servers) {
  contractSuite(postgres(`PostgreSQL ${version} (${name})`, async () => openDatabaseOf(uri)))
}
for (const { name, uri, version } of servers.slice(0, 1)) {
  const engine = postgres(`PostgreSQL ${version} (${name}) as owner`, async () => openDatabaseOf(uri, asOwner))
  contractSuite({ ...engine, family: { ...TABLES.family, enforced: true } })
}
