/** Two or three real machines: clones of a bare remote, each with a live SQLite database, the hooks of `tandem init` and a clock of its own. Made once, then copied. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { assetAt, type Asset, type Environment } from '../../support/asset.ts'
import { openSqlite, sqlite } from '../../support/live-sqlite.ts'
import { environmentIn } from '../../support/two-assets.ts'

export interface Machines {
  readonly folder: string
  readonly all: readonly Asset[]
  close(): Promise<void>
}

/** `items` has text keys, `notes` keys that each database hands out by itself. */
const TABLES = [
  'CREATE TABLE items (id TEXT PRIMARY KEY, a TEXT, b TEXT, n INTEGER, t TEXT)',
  'CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)',
]

const CONFIGURATION = {
  sources: { app: { url: 'sqlite:data/app.db', collections: { items: { newest: 't', counters: ['n'] } } } },
}

export const FIRST_ITEMS = 5

/** A folder with `count` machines that are equal and quiet; to be copied. */
export async function makeTemplate(count: number): Promise<string> {
  const folder = await newFolder()
  const names = ['a', 'b', 'c'].slice(0, count)
  await writeFile(path.join(folder, 'gitconfig'), GIT_CONFIG)
  const setup = assetAt('setup', folder, { database: openSqlite('', ''), environment: environmentOf(folder, 0) })
  await setup.git('init', '-q', '--bare', '-b', 'main', path.join(folder, 'remote.git'))
  for (const [index, name] of names.entries()) {
    await setup.git('clone', '-q', path.join(folder, 'remote.git'), path.join(folder, name))
    const asset = await machineAt(folder, name, 0)
    await asset.database.run(...TABLES)
    if (index === 0) await begin(asset)
    else await asset.git('pull', '-q', 'origin', 'main')
    await asset.git('config', 'tandem.asset', name)
    await succeed(asset, 'init', '--yes')
    await asset.git('push', '-q', '-u', 'origin', 'main')
  }
  return folder
}

async function begin(first: Asset): Promise<void> {
  const items = Array.from({ length: FIRST_ITEMS }, (_, i) => ({ id: `i${i}`, a: `a${i}`, b: `b${i}`, n: 0, t: null }))
  await first.database.insert('items', items)
  await first.write('.gitignore', 'data/\n')
  await first.write('tandem.config.json', JSON.stringify(CONFIGURATION))
  await first.git('add', '-A')
  await first.git('commit', '-q', '-m', 'start')
}

/** A copy of the template with clocks that are off by `skews`, in milliseconds. */
export async function copyMachines(template: string, skews: readonly number[]): Promise<Machines> {
  const folder = await newFolder()
  await cp(template, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  const names = ['a', 'b', 'c'].slice(0, skews.length)
  const all = await Promise.all(names.map((name, index) => machineAt(folder, name, skews[index] ?? 0)))
  for (const asset of all) await asset.git('remote', 'set-url', 'origin', path.join(folder, 'remote.git'))
  return { folder, all, close: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) }
}

async function machineAt(folder: string, name: string, skew: number): Promise<Asset> {
  const root = path.join(folder, name)
  return assetAt(name, root, { database: await sqlite.create(root, 0), environment: environmentOf(folder, skew) })
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
