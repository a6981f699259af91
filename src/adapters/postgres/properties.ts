/** What belongs to a database and is in no dump of its contents: owner, settings, grants. They are carried over to the database that takes its place. */
import type { PoolClient } from 'pg'
import { quotedName } from '../sql-text.ts'

interface DatabasePair {
  readonly from: string
  readonly to: string
}

/** Carries them over, each as far as the role may; returns what could not be. */
export async function copyProperties(client: PoolClient, databases: DatabasePair): Promise<readonly string[]> {
  const statements = [
    ...(await settingsOf(client, databases)),
    ...(await grantsOf(client, databases)),
    // last: afterwards the role may have lost the right to change it
    ...(await ownerOf(client, databases)),
  ]
  const failed: string[] = []
  for (const statement of statements)
    await client.query(statement).catch((error: Error) => failed.push(`could not run: ${statement} (${error.message})`))
  return failed
}

async function ownerOf(client: PoolClient, { from, to }: DatabasePair): Promise<string[]> {
  const { rows } = await client.query<{ owner: string; self: string }>(
    'SELECT pg_get_userbyid(datdba) AS owner, current_user AS self FROM pg_database WHERE datname = $1',
    [from],
  )
  return rows.flatMap(({ owner, self }) =>
    owner === self ? [] : [`ALTER DATABASE ${quotedName(to)} OWNER TO ${quotedName(owner)}`],
  )
}

async function settingsOf(client: PoolClient, { from, to }: DatabasePair): Promise<string[]> {
  const { rows } = await client.query<{ setting: string; role: string | null }>(
    `SELECT unnest(setconfig) AS setting, r.rolname AS role FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
       LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE d.datname = $1`,
    [from],
  )
  return rows.map(({ setting, role }) => {
    const at = setting.indexOf('=')
    const [name, value] = [setting.slice(0, at), setting.slice(at + 1)]
    const target =
      role === null ? `DATABASE ${quotedName(to)}` : `ROLE ${quotedName(role)} IN DATABASE ${quotedName(to)}`
    // lists such as search_path are stored as they are written, names quoted where they need it
    const isList = ['search_path', 'session_preload_libraries', 'temp_tablespaces'].includes(name)
    return `ALTER ${target} SET ${quotedName(name)} TO ${isList ? value : `'${value.replaceAll("'", "''")}'`}`
  })
}

async function grantsOf(client: PoolClient, { from, to }: DatabasePair): Promise<string[]> {
  const { rows } = await client.query<{ right: string; role: string | null; option: string }>(
    `SELECT a.privilege_type AS right, r.rolname AS role, a.is_grantable AS option FROM pg_database d, aclexplode(d.datacl) a
       LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.datname = $1`,
    [from],
  )
  if (rows.length === 0) return []
  const grants = rows.map(({ right, role, option }) => {
    const grantee = role === null ? 'PUBLIC' : quotedName(role)
    return `GRANT ${right} ON DATABASE ${quotedName(to)} TO ${grantee}${option === 't' ? ' WITH GRANT OPTION' : ''}`
  })
  return [`REVOKE ALL ON DATABASE ${quotedName(to)} FROM PUBLIC`, ...grants]
}
