/**
 * The query options that a URL written in the configuration may have, by engine. A closed list: none of them reads a file, names another host or proxy, carries a
 * password, weakens what is read (secondaries) or what is confirmed as written. A URL that comes whole from the environment, `.env` or git config may have any.
 */

/** What values an option takes; undefined: any. */
export type AllowedValues = RegExp | undefined
type AllowedOptions = ReadonlyMap<string, AllowedValues>

const TRUTH = /^(true|false)$/
const NUMBER = /^[0-9]{1,9}$/

/** Names as node-pg reads them (case matters): https://node-postgres.com/features/connecting and the package pg-connection-string. */
const POSTGRES: AllowedOptions = new Map<string, AllowedValues>([
  ['schema', undefined],
  ['application_name', undefined],
  ['fallback_application_name', undefined],
  ['connect_timeout', NUMBER],
  ['sslmode', /^(disable|prefer|require|verify-full)$/],
  ['uselibpqcompat', TRUTH],
])

/** Names in lower case, as the driver reads them in any case: https://www.mongodb.com/docs/manual/reference/connection-string-options/ */
const MONGODB: AllowedOptions = new Map<string, AllowedValues>([
  ['replicaset', undefined],
  ['authsource', undefined],
  ['authmechanism', /^(DEFAULT|SCRAM-SHA-1|SCRAM-SHA-256)$/],
  ['tls', TRUTH],
  ['ssl', TRUTH],
  ['retrywrites', TRUTH],
  ['retryreads', TRUTH],
  ['directconnection', TRUTH],
  ['loadbalanced', TRUTH],
  ['readpreference', /^primary$/],
  ['readconcernlevel', /^(local|majority|linearizable|snapshot)$/],
  ['w', /^majority$/],
  ['journal', /^true$/],
  ['appname', undefined],
  ['compressors', undefined],
  ['connecttimeoutms', NUMBER],
  ['sockettimeoutms', NUMBER],
  ['serverselectiontimeoutms', NUMBER],
  ['wtimeoutms', NUMBER],
  ['maxpoolsize', NUMBER],
  ['minpoolsize', NUMBER],
  ['maxidletimems', NUMBER],
  ['heartbeatfrequencyms', NUMBER],
])

/** An engine, or undefined where the scheme itself comes from a variable. */
export type UrlEngine = 'postgres' | 'mongodb' | undefined

/** The names that may be used, for messages. */
export function optionNames(engine: UrlEngine): string[] {
  const names = engine === 'postgres' ? POSTGRES : engine === 'mongodb' ? MONGODB : new Map([...POSTGRES, ...MONGODB])
  return [...names.keys()]
}

/** The values an option may have (`{values}`), or undefined if it may not be written in the configuration at all. */
export function allowedOption(engine: UrlEngine, name: string): { readonly values: AllowedValues } | undefined {
  if (engine !== 'mongodb' && POSTGRES.has(name)) return { values: POSTGRES.get(name) }
  const folded = name.toLowerCase()
  if (engine !== 'postgres' && MONGODB.has(folded)) return { values: MONGODB.get(folded) }
  return undefined
}
