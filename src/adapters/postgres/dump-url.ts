/** URLs of PostgreSQL for its own programs: without our options and those of the driver alone, and without the password, which other users could read in the list of processes. */
import { takeSchemas } from './connect.ts'

/** What a program gets. */
export interface ProgramAccess {
  readonly uri: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Options of a URL that libpq knows (PostgreSQL documentation, "Parameter Key Words"). */
const LIBPQ = [
  'host',
  'hostaddr',
  'port',
  'user',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'options',
  'connect_timeout',
]

/** @param environment that of the caller */
export function programAccess(url: string, environment: ProgramAccess['environment']): ProgramAccess {
  const parsed = new URL(takeSchemas(url).connectionString)
  const password = decodeURIComponent(parsed.password) || (parsed.searchParams.get('password') ?? '')
  parsed.password = ''
  const ssl = parsed.searchParams.get('ssl')
  const foreign = [...parsed.searchParams.keys()].filter((name) => !LIBPQ.includes(name))
  for (const name of foreign) parsed.searchParams.delete(name)
  // words of the driver for what libpq calls `require`
  if (parsed.searchParams.get('sslmode') === 'no-verify' || ssl === 'true' || ssl === '1')
    parsed.searchParams.set('sslmode', 'require')
  return {
    uri: parsed.href,
    environment: { ...environment, ...(password !== '' && { PGPASSWORD: password }) },
  }
}

/** The name of the database in the URL; the user's name where there is none, as with libpq. */
export function databaseIn(url: string): string {
  const parsed = new URL(takeSchemas(url).connectionString)
  return decodeURIComponent(parsed.pathname.slice(1)) || decodeURIComponent(parsed.username)
}

/** The same URL for another database of the server, with our own options. */
export function withDatabase(url: string, name: string): string {
  const parsed = new URL(url)
  parsed.pathname = `/${encodeURIComponent(name)}`
  return parsed.href
}
