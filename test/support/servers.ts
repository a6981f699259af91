/**
 * The servers of a test run, vitest's globalSetup: starts those kinds that the chosen test files name, hands their addresses on with `provide`, stops exactly
 * what it started, and names what could not run. vitest calls it once per project; the servers are shared between projects.
 */
import { readFile } from 'node:fs/promises'
import type { TestProject } from 'vitest/node'
import { embeddedPrograms, startCluster, startInstalled, type StartedPostgres } from './postgres-cluster.ts'
import { query, type PostgresServer } from './postgres.ts'

interface MongodbServer {
  readonly name: string
  readonly uri: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Independent PostgreSQL servers, differing in version, locale, time zone and settings where two can be had. */
    postgres: PostgresServer[]
    mongodb: MongodbServer[]
  }
}

/** Servers of one kind, what of that kind could not run, and how they are stopped. */
interface Kind<Server> {
  readonly servers: readonly Server[]
  readonly missing: readonly string[]
  stop(): Promise<void>
}

interface Shared {
  users: number
  postgres?: Promise<Kind<PostgresServer>>
  mongodb?: Promise<Kind<MongodbServer>>
}

// One set of servers per process: vitest may load this module once per project.
const sharedKey = Symbol.for('git-tandem.test.servers')
const shared = ((globalThis as Record<symbol, unknown>)[sharedKey] ??= { users: 0 }) as Shared

/** Starts what the project's test files need. */
export async function setup(project: TestProject): Promise<void> {
  const sources = await chosenSources(project)
  const wants = (kind: string): boolean => sources.some((source) => source.includes(kind))
  shared.users++
  if (wants('postgres')) shared.postgres ??= startPostgres()
  if (wants('mongodb')) shared.mongodb ??= startMongodb()
  project.provide('postgres', [...((await shared.postgres)?.servers ?? [])])
  project.provide('mongodb', [...((await shared.mongodb)?.servers ?? [])])
  await complainInCi()
}

/** Stops the servers when the last project is done. */
export async function teardown(): Promise<void> {
  if (--shared.users > 0) return
  const kinds = [await shared.postgres, await shared.mongodb].filter((kind) => kind !== undefined)
  delete shared.postgres
  delete shared.mongodb
  await Promise.all(kinds.map(async (kind) => await kind.stop()))
  for (const name of kinds.flatMap((kind) => kind.missing)) process.stderr.write(`not run: ${name}\n`)
}

/** In CI nothing may be left out: a kind of server without a single one running fails the run. */
async function complainInCi(): Promise<void> {
  const ci = process.env['CI'] ?? ''
  if (ci === '' || ci === 'false') return
  for (const kind of [await shared.postgres, await shared.mongodb]) {
    if (kind !== undefined && kind.servers.length === 0)
      throw new Error(`not available here: ${kind.missing.join('; ')}`)
  }
}

/** The text of the test files that this run will execute. */
async function chosenSources(project: TestProject): Promise<string[]> {
  const filters = Reflect.get(project.vitest, 'filenamePattern') as string[] | undefined
  const { testFiles } = await project.globTestFiles(filters)
  return await Promise.all(testFiles.map(async (path) => await readFile(path, 'utf8')))
}

/** `POSTGRES_TEST_URI` alone, else the installed PostgreSQL and the embedded one, set up as differently as can be. */
async function startPostgres(): Promise<Kind<PostgresServer>> {
  const given = process.env['POSTGRES_TEST_URI']
  if (given !== undefined && given !== '') {
    const version = Number((await query(given, 'SHOW server_version_num'))[0]?.['server_version_num'])
    return { servers: [{ name: 'given', uri: given, version }], missing: [], stop: async () => {} }
  }
  const [installed, embedded] = await Promise.allSettled([startSystem(), startEmbedded()])
  const found = [installed, embedded].flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const missing = [installed, embedded].flatMap((one) =>
    one.status === 'rejected' ? [(one.reason as Error).message] : [],
  )
  return {
    servers: found.map(({ name, started }) => ({ name, uri: started.uri, version: started.version })),
    missing,
    stop: async () => void (await Promise.all(found.map(async ({ started }) => await started.stop()))),
  }
}

interface Named {
  readonly name: string
  readonly started: StartedPostgres
}

async function startSystem(): Promise<Named> {
  return { name: 'installed', started: await startInstalled() }
}

/** The settings differ from the defaults wherever they could change how a value is written. */
async function startEmbedded(): Promise<Named> {
  const programs = await embeddedPrograms()
  if (programs === undefined) throw new Error('embedded PostgreSQL (no build for this platform)')
  const started = await startCluster({
    name: 'embedded',
    programs,
    initdb: ['--locale-provider=icu', '--icu-locale=tr-TR', '--locale=C'],
    settings: [
      `timezone = 'Pacific/Chatham'`,
      `datestyle = 'German, DMY'`,
      `intervalstyle = 'sql_standard'`,
      `bytea_output = 'escape'`,
      'extra_float_digits = 0',
      `xmlbinary = 'hex'`,
      'quote_all_identifiers = on',
      'synchronize_seqscans = on',
      'standard_conforming_strings = off',
      'backslash_quote = on',
      'escape_string_warning = off',
    ],
  })
  return { name: 'embedded', started }
}

/** The servers of test/support/mongodb.ts. */
async function startMongodb(): Promise<Kind<MongodbServer>> {
  const mongodb = await import('./mongodb.ts')
  const started = await mongodb.startMongodb()
  return { servers: started.uris, missing: started.missing, stop: () => started.stop() }
}
