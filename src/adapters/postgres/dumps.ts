/**
 * PostgreSQL's dumps: `pg_dump -Fc` of the whole database, at the moment of an exported snapshot (so that the records that are read beside it are of the same moment), and `pg_restore`
 * into a scratch database on the same server, which then takes the name of the real one.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { PoolClient } from 'pg'
import { runProgram } from '../../io/program.ts'
import { DamagedError, GuardError, LockedError, TandemError } from '../../model/errors.ts'
import {
  DUMP_CONNECT_MS,
  type DumpOptions,
  type Dumps,
  type DumpedMoment,
  type MadeDump,
  type ScratchDatabase,
  type ScratchOrigin,
  type SwapOptions,
  type Swapped,
  isLeftScratch,
  scratchName,
} from '../dump.ts'
import { quotedName } from '../sql-text.ts'
import { connectPostgres } from './adapter.ts'
import { type Database, openDatabase } from './connect.ts'
import { databaseIn, programAccess, withDatabase } from './dump-url.ts'
import { codeOf } from './failure.ts'
import { copyProperties } from './properties.ts'

/** The dumps of the database that the URL names. */
export function postgresDumps(url: string, options: DumpOptions): Dumps {
  return {
    engine: 'postgres',
    fileName: 'database.pgdump',
    holdsRecords: true,
    dump: (to, read) => dumpBoth(url, options, { to, read }),
    problemOf: async (file) => {
      // the list of its contents (-l) is also there in a dump that is cut off
      const end = await runProgram('pg_restore', { args: ['-f', '/dev/null', file], environment: options.environment })
      return end === undefined || end.code === 0 ? undefined : end.stderr
    },
    scratch: (origin) => makeScratch(url, options, origin),
    sizeBytes: async () => {
      const { size } = await asked(url, options, 'SELECT pg_database_size(current_database()) AS size')
      return Number(size)
    },
    log: async (row) => {
      const values = [row.started, row.ended, row.status, row.archive, row.sizeBytes, row.message]
      await withClient(url, options, async (client) => {
        await client.query(
          'CREATE TABLE IF NOT EXISTS public.backup_logs (id bigserial PRIMARY KEY, started timestamptz, ended timestamptz, status text, archive text, size_bytes bigint, message text)',
        )
        await client.query(
          'INSERT INTO public.backup_logs (started, ended, status, archive, size_bytes, message) VALUES ($1, $2, $3, $4, $5, $6)',
          values,
        )
      })
    },
  }
}

const FACTS = `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype FROM pg_database WHERE datname = current_database()`

interface DumpOrder<Result> {
  readonly to: string
  readonly read: (moment: DumpedMoment) => Promise<Result>
}

/** The dump is made while the records are read, from the same snapshot. */
async function dumpBoth<Result>(
  url: string,
  options: DumpOptions,
  { to, read }: DumpOrder<Result>,
): Promise<MadeDump<Result>> {
  const adapter = await connectPostgres(url, { ...options, connectTimeoutMs: DUMP_CONNECT_MS })
  try {
    const facts = await asked(url, options, FACTS)
    const description = await adapter.describe()
    return await adapter.snapshot(async (snapshot) => {
      const moment = await snapshot.share?.()
      const [dumped, result] = await Promise.allSettled([
        runDump(url, options, { to, moment: moment ?? '' }),
        read({ snapshot, description }),
      ])
      if (dumped.status === 'rejected') throw dumped.reason
      if (result.status === 'rejected') throw result.reason
      const missing = dumped.value
      const structure = missing === undefined ? await structureIn(to, options) : ''
      return {
        isMade: missing === undefined,
        structure,
        facts,
        warnings: missing === undefined ? [] : [missing],
        result: result.value,
      }
    })
  } finally {
    await adapter.close()
  }
}

/** Runs `pg_dump`; undefined: the dump was made, a text: why there is none. @throws TandemError when it failed */
async function runDump(
  url: string,
  { environment, source }: DumpOptions,
  at: { readonly to: string; readonly moment: string },
): Promise<string | undefined> {
  const access = programAccess(url, environment)
  const args = ['-Fc', '-Z6', '--no-password', `--snapshot=${at.moment}`, '-f', at.to, '-d', access.uri]
  const end = await runProgram('pg_dump', { args, environment: access.environment })
  if (end?.code === 0) return undefined
  await rm(at.to, { force: true })
  const only = 'only tables and records are in the backup, without views, functions, triggers and grants'
  if (end === undefined) return `pg_dump is not installed here, so ${only}`
  if (/server version mismatch/.test(end.stderr)) return `pg_dump is older than the server, so ${only}`
  throw new TandemError(
    { code: 'backup', exitCode: 1 },
    `source ${source}: pg_dump failed (${end.code}): ${end.stderr.split('\n')[0] ?? ''}`,
    { hint: 'The role must be able to read every table of the database, also those that are not exported.' },
  )
}

/** All statements of the dump but its comments, and the random words around them. */
async function structureIn(file: string, { environment }: DumpOptions): Promise<string> {
  const end = await runProgram('pg_restore', { args: ['--schema-only', '-f', '-', file], environment })
  if (end?.code !== 0) return ''
  return end.stdout
    .split('\n')
    .filter((line) => line !== '' && !/^(--|\\(un)?restrict )/.test(line))
    .join('\n')
}

/** The first row of an answer. */
async function asked(url: string, options: DumpOptions, sql: string): Promise<Readonly<Record<string, string>>> {
  return withClient(url, options, async (client) => {
    const { rows } = await client.query<Record<string, string>>(sql)
    return rows[0] ?? {}
  })
}

async function withClient<Result>(
  url: string,
  options: DumpOptions,
  work: (client: PoolClient, database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(url, { ...options, connectTimeoutMs: DUMP_CONNECT_MS })
  try {
    const client = await database.connect()
    try {
      return await work(client, database)
    } finally {
      client.release()
    }
  } finally {
    await database.pool.end()
  }
}

/** A database of the server that is not the one to be replaced: the one for maintenance, else the template. */
async function onServer<Result>(
  url: string,
  options: DumpOptions,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const others = ['postgres', 'template1'].filter((name) => name !== databaseIn(url))
  for (const [i, name] of others.entries()) {
    try {
      return await withClient(withDatabase(url, name), options, work)
    } catch (error) {
      if (i === others.length - 1 || !(error instanceof TandemError) || error.exitCode !== 3) throw error
    }
  }
  throw new TandemError({ code: 'backup', exitCode: 1 }, `source ${options.source}: no database for maintenance`)
}

async function makeScratch(url: string, options: DumpOptions, origin: ScratchOrigin): Promise<ScratchDatabase> {
  const name = scratchName()
  await onServer(url, options, async (client) => {
    await dropLeft(client)
    await createDatabase(client, name, { facts: origin.facts, options })
  })
  const scratchUrl = withDatabase(url, name)
  let warnings: readonly string[] = []
  const remove = (): Promise<void> =>
    onServer(url, options, async (client) => {
      // a session of ours that is just ending would keep it
      await client.query(`DROP DATABASE IF EXISTS ${quotedName(name)} WITH (FORCE)`)
    })
  try {
    if (origin.dump !== undefined) warnings = await restoreDump(scratchUrl, options, origin.dump)
    const adapter = await connectPostgres(scratchUrl, { ...options, connectTimeoutMs: DUMP_CONNECT_MS })
    let isSwapped = false
    const close = once(() => adapter.close())
    return {
      adapter,
      url: scratchUrl,
      name,
      warnings,
      swap: async (how) => {
        await close()
        const swapped = await onServer(url, options, (client) => swapNames(client, { url, name, options }, how))
        isSwapped = true
        return swapped
      },
      drop: async () => {
        await close()
        if (!isSwapped) await remove()
      },
    }
  } catch (error) {
    await remove().catch(() => undefined) // what failed is told, not what followed from it
    throw error
  }
}

/** Drops scratch databases that killed runs left behind, as far as the role may and nobody is connected. */
async function dropLeft(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>('SELECT datname AS name FROM pg_database')
  for (const { name } of rows)
    if (isLeftScratch(name)) await client.query(`DROP DATABASE ${quotedName(name)}`).catch(() => undefined)
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}

async function createDatabase(
  client: PoolClient,
  name: string,
  at: { readonly facts: ScratchOrigin['facts']; readonly options: DumpOptions },
): Promise<void> {
  const { encoding, collate, ctype } = at.facts
  const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
  const locale =
    encoding === undefined || collate === undefined || ctype === undefined
      ? ''
      : ` ENCODING ${literal(encoding)} LC_COLLATE ${literal(collate)} LC_CTYPE ${literal(ctype)}`
  try {
    await client.query(`CREATE DATABASE ${quotedName(name)} TEMPLATE template0${locale}`)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new GuardError(`source ${at.options.source}: the role may not create databases, so no scratch database`, {
      hint: 'An owner of the server runs: ALTER ROLE … CREATEDB; or restore the records alone: --in-place',
    })
  }
}

/** Restores a dump; where owners or grants cannot be set, once more without them. Returns what is missing then. @throws DamagedError */
async function restoreDump(url: string, options: DumpOptions, dump: string): Promise<readonly string[]> {
  const access = programAccess(url, options.environment)
  const run = (more: readonly string[]): ReturnType<typeof runProgram> =>
    runProgram('pg_restore', {
      args: ['--no-password', '--exit-on-error', '--single-transaction', ...more, '-d', access.uri, dump],
      environment: access.environment,
    })
  const end = await run([])
  if (end === undefined)
    throw new GuardError(`source ${options.source}: pg_restore is not installed here`, {
      hint: 'Install the client programs of PostgreSQL (apt install postgresql-client), or restore the records alone: --in-place',
    })
  if (end.code === 0) return []
  const again = await run(['--no-owner', '--no-acl'])
  if (again?.code === 0)
    return [
      `owners and grants could not be restored (${end.stderr.split('\n').find((line) => /error/i.test(line)) ?? end.stderr})`,
    ]
  throw new DamagedError({ path: path.basename(dump) }, `pg_restore failed: ${again?.stderr ?? end.stderr}`)
}

interface NameSwap {
  readonly url: string
  /** The scratch database. */
  readonly name: string
  readonly options: DumpOptions
}

/** Renames both databases in one transaction. @throws LockedError while others are connected to the real one */
async function swapNames(client: PoolClient, place: NameSwap, how: SwapOptions): Promise<Swapped> {
  const real = databaseIn(place.url)
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [real])
  const isThere = (rowCount ?? 0) > 0
  const warnings = isThere ? await copyProperties(client, { from: real, to: place.name }) : []
  const former = `${real.slice(0, 40)}_before_${how.stamp}`
  if (isThere && how.disconnect) await disconnectOthers(client, real)
  try {
    await client.query('BEGIN')
    if (isThere) {
      await checkAlone(client, real)
      await client.query(`ALTER DATABASE ${quotedName(real)} RENAME TO ${quotedName(former)}`)
    }
    await client.query(`ALTER DATABASE ${quotedName(place.name)} RENAME TO ${quotedName(real)}`)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    if (isThere && how.disconnect) await client.query(`ALTER DATABASE ${quotedName(real)} ALLOW_CONNECTIONS true`)
    if (codeOf(error) === '55006') throw inUse(real, 'others are connected')
    throw error
  }
  if (isThere && how.disconnect) await client.query(`ALTER DATABASE ${quotedName(former)} ALLOW_CONNECTIONS true`)
  return { former: isThere ? former : undefined, warnings }
}

/** Ends the sessions of others, and lets no new ones in until the database has its other name. */
async function disconnectOthers(client: PoolClient, name: string): Promise<void> {
  await client.query(`ALTER DATABASE ${quotedName(name)} ALLOW_CONNECTIONS false`)
  await client.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [name])
}

async function checkAlone(client: PoolClient, name: string): Promise<void> {
  const { rows } = await client.query<{ who: string }>(
    `SELECT DISTINCT coalesce(nullif(application_name, ''), usename, 'process ' || pid) AS who FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend' LIMIT 5`,
    [name],
  )
  if (rows.length > 0)
    throw inUse(name, `${rows.map(({ who }) => who).join(', ')} ${rows.length > 1 ? 'are' : 'is'} connected`)
}

function inUse(name: string, why: string): LockedError {
  return new LockedError(`database ${name} is in use: ${why}`, {
    hint: 'Stop the programs that use it, or end their sessions with --disconnect; then run it again.',
  })
}
