/**
 * MongoDB for tests: the given server, a real mongod, or two independent servers that speak its protocol and fail in different places. Separate from
 * servers.ts because each of them is built or fetched in its own way. What is built is cached in node_modules/.cache.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { MongoClient } from 'mongodb'

/** A server of this run; `uri` names no database. */
export interface MongodbServer {
  readonly name: 'given' | 'mongod' | 'mongo-java-server' | 'ferretdb'
  readonly uri: string
}

interface Started {
  readonly server: MongodbServer
  stop(): Promise<void>
}

const here = import.meta.dirname
const cache = join(here, '../../node_modules/.cache/git-tandem-servers')

/** Starts every server that this machine can run, in parallel; says what it could not. `$MONGODB_TEST_URI` alone, if it is set; else a mongod alone, if there is one. */
export async function startMongodb(): Promise<{ uris: MongodbServer[]; missing: string[]; stop(): Promise<void> }> {
  const given = process.env['MONGODB_TEST_URI'] ?? ''
  if (given !== '') return { uris: [{ name: 'given', uri: given }], missing: [], stop: async () => {} }
  const starts = onPath('mongod') ? [startMongod()] : [startJavaServer(), startFerretdb()]
  const outcomes = await Promise.allSettled(starts)
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))
  return {
    uris: started.map(({ server }) => server),
    missing: onPath('mongod') ? failed : [...failed, 'MongoDB transactions (no mongod on PATH, no MONGODB_TEST_URI)'],
    stop: async () => void (await Promise.all(started.map(async (one) => await one.stop()))),
  }
}

/** A database of its own on a server: its URI, and how it is dropped. */
export async function createMongoDatabase(
  server: string,
): Promise<{ uri: string; name: string; drop: () => Promise<void> }> {
  const name = `tandem_${randomBytes(6).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const drop = async (): Promise<void> => {
    const client = new MongoClient(url.href)
    await client.db(name).dropDatabase()
    await client.close()
  }
  return { uri: url.href, name, drop }
}

/** A one-node replica set, so that there are transactions. */
async function startMongod(): Promise<Started> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'tandem-mongod-'))
  const options = ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', folder, '--replSet', 'rs0']
  const child = spawn('mongod', options, { stdio: 'ignore' })
  const stop = async (): Promise<void> => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await listening(child, port)
    const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }]
    await client.db('admin').command({ replSetInitiate: { _id: 'rs0', members } })
    await client.close()
    return { server: { name: 'mongod', uri: `mongodb://127.0.0.1:${port}/?replicaSet=rs0` }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** mongo-java-server, in memory; its jars come through Maven. */
async function startJavaServer(): Promise<Started> {
  if (!onPath('java') || !onPath('mvn')) throw new Error('mongo-java-server needs java and mvn on PATH')
  const source = join(here, 'mongo-java-server')
  const jars = await cached('mongo-java-server', [join(source, 'pom.xml')], async (folder) => {
    const options = [
      '-q',
      '-B',
      '-f',
      join(source, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${folder}`,
    ]
    await run('mvn', options, source)
  })
  const port = await freePort()
  const child = spawn('java', ['-Xshare:auto', '-cp', join(jars, '*'), join(source, 'Server.java'), String(port)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await listening(child, port)
  const server = { name: 'mongo-java-server', uri: `mongodb://127.0.0.1:${port}/?directConnection=true` } as const
  return { server, stop: async () => await end(child) }
}

/** FerretDB with its SQLite handler, on disk; built with Go. */
async function startFerretdb(): Promise<Started> {
  if (!onPath('go')) throw new Error('FerretDB needs go on PATH')
  const source = join(here, 'ferretdb')
  const files = ['main.go', 'go.mod', 'go.sum'].map((name) => join(source, name))
  const binary = await cached('ferretdb', files, async (folder) => {
    await mkdir(folder, { recursive: true })
    await run('go', ['build', '-o', join(folder, 'ferretdb'), '.'], source)
  })
  const folder = await mkdtemp(join(tmpdir(), 'tandem-ferretdb-'))
  const port = await freePort()
  const child = spawn(join(binary, 'ferretdb'), [`127.0.0.1:${port}`, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: folder,
  })
  await listening(child, port)
  const server = { name: 'ferretdb', uri: `mongodb://127.0.0.1:${port}/?directConnection=true` } as const
  const stop = async (): Promise<void> => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  return { server, stop }
}

/** A folder made once per content of `files`; made beside its place and renamed, so that a half-made one is never used. */
async function cached(
  name: string,
  files: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`)
  if (existsSync(folder)) return folder
  const making = `${folder}.${process.pid}`
  await mkdir(cache, { recursive: true })
  await make(making)
  await rename(making, folder).catch(async (error: unknown) => {
    if (!existsSync(folder)) throw error
    await rm(making, { recursive: true })
  })
  return folder
}

async function run(program: string, options: readonly string[], cwd: string): Promise<void> {
  const child = spawn(program, options, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  const code = await new Promise((resolve, reject) => void child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`${program} ${options[0]} failed: ${output.slice(-500)}`)
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => void server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  return port
}

/** Waits until the child accepts connections. @throws Error when it ends before or takes over a minute */
async function listening(child: ChildProcess, port: number): Promise<void> {
  let failure: Error | undefined
  child.on('error', (error) => (failure = error))
  for (let attempt = 0; attempt < 600; attempt++) {
    if (failure !== undefined || child.exitCode !== null) throw failure ?? new Error(`${child.spawnfile} ended at once`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.unref()
      setTimeout(() => socket.destroy(), 1000).unref()
    })
    if (open) return
    await new Promise((resolve) => void setTimeout(resolve, 100))
  }
  await end(child)
  throw new Error(`${child.spawnfile} did not start within a minute`)
}

/** Stops a child: standard input closed for those that watch it, then a signal. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => void child.once('close', resolve))
  child.stdin?.destroy()
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 5000)
  await closed
  clearTimeout(force)
}
