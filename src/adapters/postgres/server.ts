/** Single connections to a server, for what is done to whole databases. */
import type { PoolClient } from 'pg'
import { TandemError } from '../../model/errors.ts'
import { DUMP_CONNECT_MS, type DumpOptions } from '../dump.ts'
import { openDatabase } from './connect.ts'
import { databaseIn, withDatabase } from './dump-url.ts'

/** Runs `work` on one connection to the database that the URL names. @throws UnreachableError, UsageError as `openDatabase` does */
export async function withClient<Result>(
  url: string,
  options: DumpOptions,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(url, { ...options, connectTimeoutMs: DUMP_CONNECT_MS })
  try {
    const client = await database.connect()
    try {
      return await work(client)
    } finally {
      client.release()
    }
  } finally {
    await database.pool.end()
  }
}

/** A database of the server that is not the one to be replaced: the one for maintenance, else the template. */
export async function onServer<Result>(
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
