/**
 * Scratch databases on the server of a real one: made, filled by `pg_restore`, and put in its place by giving both other names in one transaction. What belongs to a database and not to its
 * contents is carried over (properties.ts).
 */
import path from 'node:path'
import type { PoolClient } from 'pg'
import { runProgram } from '../../io/program.ts'
import { DamagedError, GuardError, LockedError } from '../../model/errors.ts'
import {
  DUMP_CONNECT_MS,
  type DumpOptions,
  type ScratchDatabase,
  type ScratchOrigin,
  type SwapOptions,
  type Swapped,
  isLeftScratch,
  scratchName,
} from '../dump.ts'
import { quotedName, quotedText } from '../sql-text.ts'
import { connectPostgres } from './adapter.ts'
import { databaseIn, programAccess, withDatabase } from './dump-url.ts'
import { codeOf } from './failure.ts'
import { copyProperties } from './properties.ts'
import { onServer } from './server.ts'

/** Makes a scratch database, see `Dumps.scratch`. @throws GuardError when the role may not; DamagedError when the dump cannot be restored */
export async function makeScratch(url: string, options: DumpOptions, origin: ScratchOrigin): Promise<ScratchDatabase> {
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
  const locale =
    encoding === undefined || collate === undefined || ctype === undefined
      ? ''
      : ` ENCODING ${quotedText(encoding)} LC_COLLATE ${quotedText(collate)} LC_CTYPE ${quotedText(ctype)}`
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
