/** PostgreSQL's dumps: `pg_dump -Fc` of the whole database, at the moment of an exported snapshot, so that the records that are read beside it are of the same moment. */
import { rm } from 'node:fs/promises'
import { devNull } from 'node:os'
import { runProgram } from '../../io/program.ts'
import { TandemError } from '../../model/errors.ts'
import { DUMP_CONNECT_MS, type DumpOptions, type DumpedMoment, type Dumps, type MadeDump } from '../dump.ts'
import { connectPostgres } from './adapter.ts'
import { programAccess } from './dump-url.ts'
import { makeScratch } from './scratch.ts'
import { withClient } from './server.ts'

/** The dumps of the database that the URL names. */
export function postgresDumps(url: string, options: DumpOptions): Dumps {
  return {
    engine: 'postgres',
    fileName: 'database.pgdump',
    holdsRecords: true,
    dump: (to, read) => dumpBoth(url, options, { to, read }),
    problemOf: async (file) => {
      // the list of its contents (-l) is also there in a dump that is cut off
      const end = await runProgram('pg_restore', { args: ['-f', devNull, file], environment: options.environment })
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
  const args = [
    '-Fc',
    '-Z6',
    '--no-password',
    '--lock-wait-timeout=60s',
    `--snapshot=${at.moment}`,
    '-f',
    at.to,
    '-d',
    access.uri,
  ]
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
