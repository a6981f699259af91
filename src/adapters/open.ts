/** From a source's URL to its adapter. An engine's folder is imported only when it is needed, because loading a database driver takes up to 200 ms of a hook's time. */
import { resolve } from 'node:path'
import { UsageError } from '../model/errors.ts'
import type { Adapter, ConnectOptions } from './adapter.ts'

/**
 * Connects to the database that `url` names: `sqlite:data/app.db` (relative to `options.root`, or absolute), `postgres://…`, `mongodb://…`, `mongodb+srv://…`.
 * @throws UsageError for any other scheme or a URL that is not valid; UnreachableError when the database cannot be reached; LockedError when an SQLite file stays locked
 */
export async function openAdapter(url: string, options: ConnectOptions): Promise<Adapter> {
  switch (schemeOf(url)) {
    case 'sqlite': {
      const { connectSqlite } = await import('./sqlite/adapter.ts')
      return connectSqlite(sqlitePath(url, options), options)
    }
    case 'postgres':
    case 'postgresql': {
      const { connectPostgres } = await import('./postgres/adapter.ts')
      return connectPostgres(url, options)
    }
    case 'mongodb':
    case 'mongodb+srv': {
      const { connectMongodb } = await import('./mongodb/adapter.ts')
      return connectMongodb(url, options)
    }
    default:
      throw new UsageError(`source ${options.source}: the url does not begin with a known kind of database`, {
        hint: 'write sqlite:PATH, postgres://… or mongodb://…',
      })
  }
}

/** The scheme of the URL in lower case; empty when it has none. */
function schemeOf(url: string): string {
  return /^([a-z][a-z0-9+]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
}

/** The absolute path of the SQLite file. @throws UsageError when the URL names none */
function sqlitePath(url: string, options: ConnectOptions): string {
  const path = url.slice('sqlite:'.length)
  if (path === '' || path === ':memory:')
    throw new UsageError(`source ${options.source}: the url names no SQLite file`, { hint: 'write sqlite:data/app.db' })
  return resolve(options.root, path)
}
