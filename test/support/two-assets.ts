/**
 * Two machines for an end-to-end test: a bare remote and the clones "a" and "b", each with its own live database, set up by `tandem init` as people do it. Nothing
 * of the caller's environment gets in but PATH, so that neither CI nor anybody's git configuration decides what a test sees.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'
import { assetAt, type Answer, type Asset, type Environment } from './asset.ts'
import type { Engine, Fields } from './live-database.ts'

export interface TwoAssetsOptions {
  /** Statements that make the tables on both machines; default: the engine's own. */
  readonly tables?: readonly string[]
  /** Records that machine a has before anything is exported: collection → records. */
  readonly records?: Readonly<Record<string, readonly Fields[]>>
  /** `collections` of the configuration. */
  readonly collections?: Readonly<Record<string, unknown>>
  /** Tables that are not exported. */
  readonly exclude?: readonly string[]
  /** More options of the configuration's top. */
  readonly configuration?: Readonly<Record<string, unknown>>
}

export interface TwoAssets {
  readonly folder: string
  /** Path of the bare remote. */
  readonly remote: string
  readonly a: Asset
  readonly b: Asset
  close(): Promise<void>
}

/** Both machines equal and quiet, in the fastest way that the engine allows: a database in the clone is copied with it. */
export function readyAssets(engine: Engine, options: TwoAssetsOptions = {}): Promise<TwoAssets> {
  return (engine.local ? twoAssets : copiedAssets)(engine, options)
}

/** Runs `work` with two ready machines, and takes them away whatever happens. */
export async function betweenTwo(
  engine: Engine,
  options: TwoAssetsOptions,
  work: (assets: TwoAssets) => Promise<void>,
): Promise<void> {
  const assets = await readyAssets(engine, options)
  try {
    await work(assets)
  } finally {
    await assets.close()
  }
}

/** Runs `work` with two clones and their databases before any `init`, and takes them away whatever happens. */
export async function withEmptyAssets(
  engine: Engine,
  options: TwoAssetsOptions,
  work: (assets: TwoAssets) => Promise<void>,
): Promise<void> {
  const assets = await emptyAssets(engine, options)
  try {
    await work(assets)
  } finally {
    await assets.close()
  }
}

/** Both machines set up, exported and joined: equal, quiet, nothing to push. */
async function twoAssets(engine: Engine, options: TwoAssetsOptions = {}): Promise<TwoAssets> {
  const assets = await emptyAssets(engine, options)
  try {
    const { a, b } = assets
    await firstExport(a)
    await b.git('pull', '-q')
    succeed(await b.tandem('init', '--yes'))
    return assets
  } catch (error) {
    await assets.close()
    throw error
  }
}

/** What `twoAssets` makes for a database in the clone, made once in this process for equal options and copied: much faster. */
async function copiedAssets(engine: Engine, options: TwoAssetsOptions = {}): Promise<TwoAssets> {
  const key = JSON.stringify([engine.name, options])
  const template = templates.get(key) ?? makeTemplate(engine, options)
  templates.set(key, template)
  const folder = await temporaryFolder()
  await cp(await template, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  const assets = await assetsIn(folder, engine)
  for (const asset of [assets.a, assets.b]) await asset.git('remote', 'set-url', 'origin', assets.remote)
  return assets
}

const templates = new Map<string, Promise<string>>()

async function makeTemplate(engine: Engine, options: TwoAssetsOptions): Promise<string> {
  return (await twoAssets(engine, options)).folder
}

/** Takes the templates away: in a test run by itself, in a script at its end. */
export async function removeTemplates(): Promise<void> {
  for (const template of templates.values()) {
    const folder = await template.catch(() => undefined)
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

// for the test file that imports this module; a worker's end is no moment to rely on
if (process.env['VITEST'] !== undefined) afterAll(removeTemplates)

/** Commits the configuration, sets the clone up and pushes. */
export async function firstExport(asset: Asset): Promise<void> {
  succeed(await asset.tandem('init', '--yes'))
  await asset.git('push', '-q', '-u', 'origin', 'main')
}

/** Both clones and their databases, the configuration committed in a and pushed by nobody; no `init` yet. Machine a holds the records. */
export async function emptyAssets(engine: Engine, options: TwoAssetsOptions = {}): Promise<TwoAssets> {
  const folder = await temporaryFolder()
  await writeFile(path.join(folder, 'gitconfig'), GIT_CONFIG)
  const environment = environmentIn(folder)
  const remote = path.join(folder, 'remote.git')
  const git = promisify(execFile)
  await git('git', ['init', '-q', '--bare', '-b', 'main', remote], { env: environment })
  for (const name of ['a', 'b'])
    await git('git', ['clone', '-q', remote, path.join(folder, name)], { env: environment })
  const assets = await assetsIn(folder, engine)
  for (const { database } of [assets.a, assets.b]) await database.run(...(options.tables ?? engine.tables))
  for (const [name, records] of Object.entries(options.records ?? {})) await assets.a.database.insert(name, records)
  for (const asset of [assets.a, assets.b]) {
    await asset.git('config', 'tandem.asset', asset.name)
    if (engine.local) await asset.write('.env', `APP_DATABASE_URL='${asset.database.url}'\n`)
  }
  await writeConfiguration(assets.a, engine, options)
  await assets.a.git('push', '-q', '-u', 'origin', 'main')
  return assets
}

async function writeConfiguration(a: Asset, engine: Engine, options: TwoAssetsOptions): Promise<void> {
  const url = engine.local ? '${APP_DATABASE_URL}' : a.database.url
  const collections = options.collections ?? { '*': { newest: 'updated_at' } }
  const app = { url, collections, ...(options.exclude === undefined ? {} : { exclude: options.exclude }) }
  const configuration = { ...options.configuration, sources: { app } }
  await a.write('.gitignore', '.env\ndata/\n')
  await a.write('code.txt', 'one\n')
  await a.write('tandem.config.json', `${JSON.stringify(configuration, undefined, 2)}\n`)
  await a.git('add', '-A')
  await a.git('commit', '-q', '-m', 'start')
}

/** The two machines of a folder that was copied from another pair's. */
export async function assetsIn(folder: string, engine: Engine): Promise<TwoAssets> {
  const environment = environmentIn(folder)
  const [a, b] = await Promise.all(
    ['a', 'b'].map(async (name, index) => {
      const root = path.join(folder, name)
      return assetAt(name, root, { database: await engine.create(root, index), environment })
    }),
  )
  if (a === undefined || b === undefined) throw new Error('two machines')
  const close = async (): Promise<void> => {
    await Promise.all([a.database.drop(), b.database.drop()])
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  return { folder, remote: path.join(folder, 'remote.git'), a, b, close }
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem two '))
  return folder
}

const GIT_CONFIG = `[user]
	name = Tester
	email = tester@example.org
[init]
	defaultBranch = main
[advice]
	detachedHead = false
[pull]
	rebase = false
[core]
	editor = true
[protocol "file"]
	allow = always
[tandem]
	hookSeconds = 300
`

/** For programs of a temporary folder: nothing of the caller's but PATH. */
export function environmentIn(folder: string): Environment {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LC_ALL: 'C',
    NO_COLOR: '1',
    GIT_CONFIG_GLOBAL: path.join(folder, 'gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  }
}

function succeed(answer: Answer): void {
  if (answer.code !== 0) throw new Error(`the program ended with ${answer.code}: ${answer.text}`)
}
