/** The PostgreSQL server that a trial runs on: the one that POSTGRES_TEST_URI names, else an installed one that is started for it. */
import { startInstalled } from '../support/postgres-cluster.ts'
import type { PostgresServer } from '../support/postgres.ts'

/** The kinds of database that a trial can run on. */
export const ENGINES = ['sqlite', 'postgres'] as const

/** A server, and what ends it when it was started here. */
export async function postgresServer(): Promise<{
  readonly server: PostgresServer
  readonly stop: () => Promise<void>
}> {
  const given = process.env['POSTGRES_TEST_URI']
  if (given !== undefined) return { server: { name: 'given', uri: given, version: 0 }, stop: async () => undefined }
  const started = await startInstalled()
  const { uri, version } = started
  return { server: { name: 'installed', uri, version }, stop: () => started.stop() }
}
