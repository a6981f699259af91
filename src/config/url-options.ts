/**
 * The query options that a URL written in the configuration may have, for each engine. A closed list: none of these options reads a file, names another host or proxy, holds a
 * password, allows reads from secondaries, or confirms writes too early. A URL that comes whole from the environment, `.env` or git config may have any option.
 */
/** The values that an option may have; undefined: any value. */
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

/** The names of the allowed options, for messages. */
export function optionNames(engine: UrlEngine): string[] {
  const names = engine === 'postgres' ? POSTGRES : engine === 'mongodb' ? MONGODB : new Map([...POSTGRES, ...MONGODB])
  return [...names.keys()]
}

/** The values that an option may have, wrapped because they may be undefined; undefined when the option is not allowed in a written URL. */
export function allowedOption(engine: UrlEngine, name: string): { readonly values: AllowedValues } | undefined {
  if (engine !== 'mongodb' && POSTGRES.has(name)) return { values: POSTGRES.get(name) }
  const folded = name.toLowerCase()
  if (engine !== 'postgres' && MONGODB.has(folded)) return { values: MONGODB.get(folded) }
  return undefined
}
