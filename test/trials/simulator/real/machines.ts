/** Two or three real machines: clones of a bare remote, each with a live database, the hooks of `tandem init` and a clock of its own. Made once, then copied. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { assetAt, type Asset, type Environment } from '../../../support/asset.ts'
import type { LiveDatabase } from '../../../support/live-database.ts'
import { sqlite } from '../../../support/live-sqlite.ts'
import { environmentIn } from '../../../support/two-assets.ts'

export interface Machines {
  readonly folder: string
  readonly all: readonly Asset[]
  close(): Promise<void>
}

/** Machines that are equal and quiet, to be copied; of a world whose databases are on a server one copy at a time. */
export interface Template {
  readonly folder: string
  readonly machines: readonly { readonly name: string; readonly database: KeptDatabase }[]
  remove(): Promise<void>
}

/** The databases of a world's machines. */
export interface Databases {
  /** What the configuration calls a machine's database. */
  readonly url: string
  /** An empty one for the machine whose clone is at `root`. */
  create(root: string): Promise<LiveDatabase>
  keep(database: LiveDatabase): Promise<KeptDatabase>
}

/** What a database held at one moment. */
export interface KeptDatabase {
  /** The database of a copied machine; its clone, with everything in it, is at `root`. */
  copyFor(root: string): Promise<LiveDatabase>
  remove(): Promise<void>
}

/** A database file in the clone. */
export const SQLITE: Databases = {
  url: 'sqlite:data/app.db',
  create: (root) => sqlite.create(root, 0),
  keep: async () => ({ copyFor: (root) => sqlite.create(root, 0), remove: async () => undefined }),
}

/** What the machines of a trial hold when it begins. */
export interface World {
  readonly databases: Databases
  readonly tables: readonly string[]
  /** Options of the collections in `tandem.config.json`. */
  readonly collections: Readonly<Record<string, unknown>>
  /** Fills the first machine's database; the others get it by their first pull. */
  readonly fill: (first: Asset) => Promise<void>
}

const FIRST_ITEMS = 5

/** `items` has text keys, `notes` keys that each database hands out by itself. */
export const ITEMS: World = {
  databases: SQLITE,
  tables: [
    'CREATE TABLE items (id TEXT PRIMARY KEY, a TEXT, b TEXT, n INTEGER, t TEXT)',
    'CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)',
  ],
  collections: { items: { newest: 't', counters: ['n'] } },
  fill: (first) =>
    first.database.insert(
      'items',
      Array.from({ length: FIRST_ITEMS }, (_, i) => ({ id: `i${i}`, a: `a${i}`, b: `b${i}`, n: 0, t: null })),
    ),
}

/** A template of `count` machines. */
export async function makeTemplate(count: number, world: World): Promise<Template> {
  const folder = await newFolder()
  await writeFile(path.join(folder, 'gitconfig'), GIT_CONFIG)
  const remote = path.join(folder, 'remote.git')
  const git = (...args: readonly string[]): Promise<unknown> =>
    promisify(execFile)('git', args, { env: environmentIn(folder) })
  await git('init', '-q', '--bare', '-b', 'main', remote)
  const machines: Template['machines'][number][] = []
  for (const name of ['a', 'b', 'c'].slice(0, count)) {
    const root = path.join(folder, name)
    await git('clone', '-q', remote, root)
    const database = await world.databases.create(root)
    const asset = assetAt(name, root, { database, environment: environmentOf(folder, 0) })
    await asset.database.run(...world.tables)
    await writeAddress(asset)
    if (machines.length === 0) await begin(asset, world)
    else await asset.git('pull', '-q', 'origin', 'main')
    await asset.git('config', 'tandem.asset', name)
    await succeed(asset, 'init', '--yes')
    await asset.git('push', '-q', '-u', 'origin', 'main')
    machines.push({ name, database: await world.databases.keep(database) })
  }
  const remove = async (): Promise<void> => {
    for (const { database } of machines) await database.remove()
    await removeFolder(folder)
  }
  return { folder, machines, remove }
}

/** A database that is not in the clone is named by a file that stays at home. */
async function writeAddress(asset: Asset): Promise<void> {
  const { url } = asset.database
  if (!url.startsWith('sqlite:')) await asset.write('.env', `APP_DATABASE_URL='${url}'\n`)
}

async function begin(first: Asset, { databases, collections, fill }: World): Promise<void> {
  await fill(first)
  await first.write('.gitignore', '.env\ndata/\n')
  const configuration = { sources: { app: { url: databases.url, collections } } }
  await first.write('tandem.config.json', JSON.stringify(configuration))
  await first.git('add', '-A')
  await first.git('commit', '-q', '-m', 'start')
}

/** A copy of the template with clocks that are off by `skews`, in milliseconds; default: not at all. */
export async function copyMachines(template: Template, skews: readonly number[] = []): Promise<Machines> {
  const folder = await newFolder()
  // node's own copy takes four times the processor time
  await promisify(execFile)('cp', ['-pR', `${template.folder}/.`, folder])
  const all: Asset[] = []
  for (const [index, { name, database }] of template.machines.entries()) {
    const root = path.join(folder, name)
    const environment = environmentOf(folder, skews[index] ?? 0)
    const asset = assetAt(name, root, { database: await database.copyFor(root), environment })
    await asset.git('remote', 'set-url', 'origin', path.join(folder, 'remote.git'))
    all.push(asset)
  }
  return { folder, all, close: () => removeFolder(folder) }
}

function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

async function newFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'tandem-simulated-'))
}

async function succeed(asset: Asset, ...args: readonly string[]): Promise<void> {
  const answer = await asset.tandem(...args)
  if (answer.code !== 0) throw new Error(`tandem ${args.join(' ')} ended with ${answer.code}: ${answer.text}`)
}

const GIT_CONFIG = `[user]
	name = Tester
	email = tester@example.org
[pull]
	rebase = false
[core]
	editor = true
	fsync = none
[gc]
	auto = 0
[maintenance]
	auto = false
`

function environmentOf(folder: string, skew: number): Environment {
  const environment = environmentIn(folder)
  if (skew === 0) return environment
  return { ...environment, NODE_OPTIONS: `--import=${clockModule()}`, SIMULATED_SKEW_MS: String(skew) }
}

/** As JavaScript, since the machines' Node knows no TypeScript. */
function clockModule(): string {
  const text = `const now = Date.now.bind(Date); const skew = Number(process.env.SIMULATED_SKEW_MS ?? 0); Date.now = () => now() + skew`
  return `data:text/javascript,${encodeURIComponent(text)}`
}
