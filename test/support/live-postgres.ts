/** A live PostgreSQL database: the machines of a test use different servers where the run has two, so that no setting of a server can matter. */
import { createDatabase, query, type PostgresServer } from './postgres.ts'
import { sqlOperations, type Engine } from './live-database.ts'

const FIELDS =
  'username text, user_id bigint, ticker text, profit_usd numeric(18,2), profit_sol numeric, note text, timestamp timestamptz, updated_at timestamptz'

const TABLES = [
  `CREATE TABLE traders (id text PRIMARY KEY, ${FIELDS})`,
  'CREATE TABLE posts (id bigserial PRIMARY KEY, author text, title text, updated_at timestamptz)',
]

/** The engine over the servers of the run (`inject('postgres')`). @param encodings those of the machines' databases; default: the server's */
export function postgres(servers: readonly PostgresServer[], encodings: readonly string[] = []): Engine {
  return {
    name: 'PostgreSQL',
    tables: TABLES,
    key: 'id',
    local: true,
    create: async (_root, index) => {
      const server = servers[index % servers.length]
      if (server === undefined) throw new Error('no PostgreSQL in this run')
      const created = await createDatabase(server.uri, encodings[index])
      const { uri } = created
      return {
        url: uri,
        ...sqlOperations((...statements) => query(uri, `${SETTINGS};${statements.join(';')}`)),
        drop: () => created.drop(),
      }
    },
  }
}

// what a test reads must not depend on the server's settings
const SETTINGS = `SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET standard_conforming_strings = on`
