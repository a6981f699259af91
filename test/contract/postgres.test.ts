/** The adapter for PostgreSQL against real servers: the shared suite, as superuser on each, and as an ordinary owner of the tables on one. */
import { inject } from 'vitest'
import { asOwner, openDatabaseOf, postgres } from './postgres-fixture.ts'
import { contractSuite } from './suite.ts'

const servers = inject('postgres')

for (const { name, uri, version } of servers) {
  contractSuite(postgres(`PostgreSQL ${version} (${name})`, async () => openDatabaseOf(uri)))
}
for (const { name, uri, version } of servers.slice(0, 1)) {
  contractSuite(postgres(`PostgreSQL ${version} (${name}) as owner`, async () => openDatabaseOf(uri, asOwner)))
}
