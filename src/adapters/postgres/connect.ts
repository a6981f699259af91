/**
 * From a URL to a pool of connections. Everything that can go wrong before the first query is reported here, and no such message may contain the password.
 */
import type { Pool, PoolClient } from 'pg'
import { UnreachableError, UsageError } from '../../model/errors.ts'
import type { ConnectOptions } from '../adapter.ts'
import { codeOf } from './failure.ts'

/** An open database: our pool of connections, who we are there, and which schemas we may see. */
export interface Database {
  readonly pool: Pool
  /** The name of the source, for messages. */
  readonly source: string
  /** Schemas named by `?schema=`; undefined: every non-system schema. */
  readonly schemas: readonly string[] | undefined
  /** The name of the database. */
  readonly name: string
  readonly role: string
  /** `PostgreSQL 15.18`. */
  readonly server: string
  /** `server_version_num`: 150018. */
  readonly version: number
  /** The search path that the user's own sessions have. Functions in the user's checks, domains and casts may rely on it. */
  readonly searchPath: string
  /** Inside `exclusively`: the connection with the transaction in which everything is written. */
  readonly held?: PoolClient
  /** A connection from the pool. @throws UnreachableError, UsageError as `openDatabase` does */
  connect(): Promise<PoolClient>
}

/** The oldest `server_version_num` that is supported. */
const OLDEST = 130_000

/**
 * Connects and asks the server for the facts in `Database`.
 * @throws UnreachableError when no server answers, or it refuses the login
 * @throws UsageError when the URL is not valid, or the server is older than 13 or does not store UTF-8
 */
export async function openDatabase(url: string, options: ConnectOptions): Promise<Database> {
  const { connectionString, schemas } = takeSchemas(url)
  // a / or # in the password ends the host early: what the driver then takes for host and database, and messages would show, is the rest of the password
  if (/#|^[a-z]+:\/\/[^/?]*\/[^?]*@/i.test(connectionString)) throw invalidUrl(options.source)
  const { Pool } = await import('pg')
  const pool = new Pool({
    connectionString,
    fallback_application_name: 'git-tandem',
    connectionTimeoutMillis: options.connectTimeoutMs,
    max: 4,
    allowExitOnIdle: true,
    keepAlive: true,
    // Every value comes as the server's text, because the driver's own parsers cut microseconds off and round numbers.
    types: { getTypeParser: () => (text: unknown) => text as string },
  })
  // Without a listener the error of an idle connection would end the process. The next query on it fails with an error of its own.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const connect = async (): Promise<PoolClient> => {
    try {
      return await pool.connect()
    } catch (error) {
      throw connectError(error, connectionString, options)
    }
  }
  try {
    return { pool, connect, source: options.source, schemas, ...(await readDatabaseFacts(connect, options.source)) }
  } catch (error) {
    await pool.end()
    throw connectError(error, connectionString, options)
  }
}

/** Divides a URL into the one for the driver and the schemas of our own option `schema` (undefined: the option is not there). */
export function takeSchemas(url: string): {
  readonly connectionString: string
  readonly schemas: readonly string[] | undefined
} {
  const [address = '', query = ''] = url.split(/\?(.*)/s)
  const options = new URLSearchParams(query)
  if (!options.has('schema')) return { connectionString: url, schemas: undefined }
  const schemas = options.getAll('schema').flatMap((list) => list.split(',').map((name) => name.trim()))
  const others = query.split('&').filter((option) => !option.startsWith('schema='))
  return {
    connectionString: others.length === 0 ? address : `${address}?${others.join('&')}`,
    schemas: schemas.filter((name) => name !== ''),
  }
}

/** What `readDatabaseFacts` asks the server. */
type DatabaseFacts = Pick<Database, 'name' | 'role' | 'server' | 'version' | 'searchPath'>

type DatabaseFactsRow = Record<'name' | 'role' | 'server' | 'version' | 'path' | 'encoding', string>

async function readDatabaseFacts(connect: () => Promise<PoolClient>, source: string): Promise<DatabaseFacts> {
  const client = await connect()
  try {
    const { rows } = await client.query<DatabaseFactsRow>(
      `SELECT current_database() AS name, current_user AS role, current_setting('server_version') AS server,
         current_setting('server_version_num') AS version, current_setting('search_path') AS path,
         current_setting('server_encoding') AS encoding`,
    )
    const [row] = rows
    if (row === undefined) throw new UnreachableError(`source ${source}: the server did not say who it is`)
    checkSupported(row, source)
    const server = `PostgreSQL ${row.server.split(' ')[0] ?? row.server}`
    return { name: row.name, role: row.role, server, version: Number(row.version), searchPath: row.path }
  } finally {
    client.release()
  }
}

function checkSupported(row: DatabaseFactsRow, source: string): void {
  if (Number(row.version) < OLDEST) {
    throw new UsageError(`source ${source}: PostgreSQL ${row.server} is too old`, {
      hint: 'PostgreSQL 13 to 18 are supported',
    })
  }
  if (row.encoding === 'SQL_ASCII') {
    throw new UsageError(
      `source ${source}: database ${row.name} has no encoding (SQL_ASCII), so its bytes need not be text`,
      {
        hint: 'create the database anew with ENCODING UTF8 and load a dump into it',
      },
    )
  }
}

/** The error to throw when connecting failed. The driver's message and error are left out where they could quote the URL. */
function connectError(error: unknown, connectionString: string, { source, connectTimeoutMs }: ConnectOptions): Error {
  if (error instanceof UsageError || error instanceof UnreachableError) return error
  const code = codeOf(error) ?? ''
  const message = error instanceof Error ? error.message : ''
  if (code === 'ERR_INVALID_URL' || error instanceof URIError) return invalidUrl(source)
  const server = shownAddress(connectionString)
  const known = CONNECT_ERRORS.find(({ codes }) => codes.includes(code))
  if (known !== undefined)
    return new UnreachableError(`source ${source}: ${known.says} ${server}`, { hint: known.hint, cause: error })
  if (/SASL|password/i.test(message)) {
    return new UnreachableError(`source ${source}: PostgreSQL asks for a password ${server}`, { hint: PASSWORD_HINT })
  }
  if (/timeout/i.test(message)) {
    return new UnreachableError(`source ${source}: PostgreSQL did not answer within ${connectTimeoutMs} ms ${server}`, {
      hint: 'check host, port and firewall, and that the server is up',
    })
  }
  return new UnreachableError(`source ${source}: could not connect to PostgreSQL ${server}: ${message}`, {
    cause: error,
  })
}

function invalidUrl(source: string): UsageError {
  return new UsageError(`source ${source}: the PostgreSQL URL is not valid`, {
    hint: 'it looks like postgres://user:password@host:5432/database; characters such as @ : / # in the password are written %40 %3A %2F %23',
  })
}

const PASSWORD_HINT = 'check user and password in the URL (or PGUSER and PGPASSWORD)'

/** What the usual codes of a failed connection mean: of the operating system, and SQLSTATE of the server. */
const CONNECT_ERRORS: readonly { readonly codes: readonly string[]; readonly says: string; readonly hint: string }[] = [
  {
    codes: ['ECONNREFUSED', 'ENOENT', '57P03'],
    says: 'PostgreSQL is not running',
    hint: 'start it: sudo systemctl start postgresql (Linux), brew services start postgresql (macOS), net start postgresql-x64-17 (Windows)',
  },
  {
    codes: ['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'],
    says: 'the PostgreSQL host cannot be reached',
    hint: 'check the host name in the URL and the network',
  },
  { codes: ['28P01', '28000'], says: 'PostgreSQL refused user or password', hint: PASSWORD_HINT },
  {
    codes: ['3D000'],
    says: 'PostgreSQL has no such database',
    hint: 'create it (createdb NAME) or correct the name at the end of the URL',
  },
  { codes: ['53300'], says: 'PostgreSQL has no free connection', hint: 'try again, or raise max_connections' },
]

/** `at host:port/database`, for messages: the URL without user, password and options. */
function shownAddress(connectionString: string): string {
  const match = /^[a-z]+:\/\/(?:[^/?#]*@)?([^/?#]*)(\/[^?#]*)?/i.exec(connectionString)
  return match === null ? '' : `at ${match[1] === '' ? 'the local socket' : match[1]}${match[2] ?? ''}`
}
