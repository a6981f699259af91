/** From a URL to the dumps of its database. An engine's files are imported only when they are needed. */
import { resolve } from 'node:path'
import { UsageError } from '../model/errors.ts'
import type { DumpOptions, Dumps } from './dump.ts'

/** @throws UsageError for a URL of no kind that is known */
export async function openDumps(url: string, options: DumpOptions): Promise<Dumps> {
  if (url.startsWith('sqlite:')) {
    const { sqliteDumps } = await import('./sqlite/dumps.ts')
    return sqliteDumps(resolve(options.root, url.slice('sqlite:'.length)), options)
  }
  if (/^postgres(ql)?:/.test(url)) {
    const { postgresDumps } = await import('./postgres/dumps.ts')
    return postgresDumps(url, options)
  }
  if (/^mongodb(\+srv)?:/.test(url)) {
    const { mongodbDumps } = await import('./mongodb/dumps.ts')
    return mongodbDumps(url, options)
  }
  throw new UsageError(`source ${options.source}: the url does not begin with a known kind of database`, {
    hint: 'write sqlite:PATH, postgres://… or mongodb://…',
  })
}
