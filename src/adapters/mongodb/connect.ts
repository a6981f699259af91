/**
 * Opens a connection, asks the server what it can do, and turns the driver's errors into ours. The driver is imported on first use, because loading it takes longer
 * than a hook may take that has nothing to do.
 */
import type { Db, MongoClient } from 'mongodb'
import { TandemError, UnreachableError, UsageError } from '../../model/errors.ts'
import type { ConnectOptions } from '../adapter.ts'

type MongoDriver = typeof import('mongodb')

/** An open connection, and what the server can do. */
export interface MongoConnection {
  readonly driver: MongoDriver
  readonly client: MongoClient
  readonly db: Db
  /** The name of the source and `host/database`, for messages. */
  readonly source: string
  readonly database: string
  /** `MongoDB 7.0.5`. */
  readonly server: string
  /** The server has transactions: it is a replica set or a sharded cluster. */
  readonly transactions: boolean
  /** The server can read all collections at one moment: MongoDB 5.0 and later, where there are transactions. */
  readonly snapshots: boolean
  /**
   * The server is FerretDB 1. There each write by `_id` reads the whole collection, and a command with 100 such writes never ends, because each holds one of the
   * server's 100 connections. So many documents are replaced by one delete and one insert.
   */
  readonly writesInBulk: boolean
}

/** Writes are acknowledged by a majority and on disk. Without that a crash of the server could lose the journal and keep the writes that it protects. */
export const DURABLE = { w: 'majority', j: true } as const

/** The beginning of a URL: scheme, login and hosts, and then the database's name. */
const URL_PARTS = /^(mongodb(?:\+srv)?:\/\/(?:[^/?]*@)?([^/?]*))(?:\/([^?]*))?/

/**
 * Connects to the database that the URL names.
 * @throws UsageError when the URL is not valid or names no database
 * @throws UnreachableError when the server does not answer in time or refuses the login
 */
export async function openConnection(url: string, options: ConnectOptions): Promise<MongoConnection> {
  const name = databaseName(url, options.source)
  const driver = await import('mongodb')
  const database = `${URL_PARTS.exec(url)?.[2] ?? ''}/${name}`
  const client = createClient(driver, url, options)
  try {
    await client.connect()
    const facts = await askServer(client.db(name))
    return { driver, client, db: client.db(name), source: options.source, database, ...facts }
  } catch (error) {
    await client.close()
    throw explain(error, { source: options.source, database })
  }
}

/** The name of the database in the URL. Without one the driver would silently use the database `test`. @throws UsageError when there is none */
function databaseName(url: string, source: string): string {
  const name = decodeURIComponent(URL_PARTS.exec(url)?.[3] ?? '')
  if (name !== '') return name
  throw new UsageError(`source ${source}: the URL names no database`, {
    hint: 'write it as mongodb://HOST:PORT/DATABASE',
  })
}

function createClient(driver: MongoDriver, url: string, options: ConnectOptions): MongoClient {
  try {
    return new driver.MongoClient(url, {
      appName: 'git-tandem',
      serverSelectionTimeoutMS: options.connectTimeoutMs,
      connectTimeoutMS: options.connectTimeoutMs,
      readPreference: 'primary',
      writeConcern: DURABLE,
      retryWrites: false,
      maxPoolSize: 4,
    })
  } catch (error) {
    const reason = error instanceof Error ? withoutLogin(error.message, url) : ''
    throw new UsageError(`source ${options.source}: the URL is not one of MongoDB's: ${reason}`, {
      hint: 'write it as mongodb://HOST:PORT/DATABASE; in names and passwords, / ? # @ and : stand as %2F %3F %23 %40 %3A',
    })
  }
}

/** The message of the driver's URL parser without the login, as it may quote the URL. For the same reason the error itself is not kept as a cause. */
function withoutLogin(message: string, url: string): string {
  const login = /^[^:]*:\/\/([^/]*)@/.exec(url)?.[1] ?? ''
  const secrets = [url, login, login.slice(login.indexOf(':') + 1)].filter((secret) => secret !== '')
  return secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message)
}

type ServerFacts = Pick<MongoConnection, 'server' | 'transactions' | 'snapshots' | 'writesInBulk'>

/** What the server says of itself. Older servers know `isMaster` in place of `hello`. */
async function askServer(db: Db): Promise<ServerFacts> {
  const admin = db.admin()
  const hello = await admin.command({ hello: 1 }).catch(async () => await admin.command({ isMaster: 1 }))
  const build = await admin.command({ buildInfo: 1 })
  const transactions = hello['setName'] !== undefined || hello['msg'] === 'isdbgrid'
  const ferretdb: unknown = build['ferretdbVersion']
  return {
    server: `${ferretdb === undefined ? 'MongoDB' : 'FerretDB, as MongoDB'} ${String(build['version'])}`,
    writesInBulk: typeof ferretdb === 'string' && !/^v?[2-9]/.test(ferretdb),
    transactions,
    snapshots: transactions && Number(hello['maxWireVersion']) >= 13,
  }
}

/** Runs an operation and returns its result. @throws errors of the driver as ours (see `explain`); every other error as it is */
export async function explained<Result>(
  connection: MongoConnection,
  operation: () => Promise<Result>,
): Promise<Result> {
  try {
    return await operation()
  } catch (error) {
    throw explain(error, connection)
  }
}

/** The error to throw for an error of the driver; every other error is returned as it is. Codes: `error_codes.yml` of MongoDB's sources. */
export function explain(error: unknown, at: { readonly source: string; readonly database: string }): unknown {
  if (!(error instanceof Error) || error instanceof TandemError || !error.name.startsWith('Mongo')) return error
  const code = 'code' in error ? error.code : undefined
  const where = `source ${at.source}: ${at.database}`
  if (code === 18 || /authentication failed/i.test(error.message)) {
    return new UnreachableError(`${where} refuses the login`, {
      hint: 'check user and password in the URL, and ?authSource=',
    })
  }
  if (code === 13) {
    return new UnreachableError(`${where}: the user lacks a privilege: ${error.message}`, {
      hint: 'grant it the role readWrite on this database: db.grantRolesToUser(USER, ["readWrite"])',
    })
  }
  if (code === 239 || code === 246) {
    return new UnreachableError(`${where}: reading took longer than the server keeps one moment`, {
      hint: 'raise minSnapshotHistoryWindowInSeconds (300 by default)',
      cause: error,
    })
  }
  if (/^Mongo(ServerSelection|Network|Topology|NotConnected|ClientClosed|PoolCleared|WaitQueue)/.test(error.name)) {
    return new UnreachableError(`${where} does not answer: ${error.message}`, {
      hint: 'is mongod running? start it (for example `systemctl start mongod`, or `mongod --dbpath FOLDER`) and run the command again',
      cause: error,
    })
  }
  return new UnreachableError(`${where}: ${error.message}`, { cause: error })
}
