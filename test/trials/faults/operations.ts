/** The operations that faults are injected into: each prepares two machines up to the moment before it, says what is run on which of them, and what a person would do next. One file, as all are written with the same few steps. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Asset } from '../../support/asset.ts'
import { traders } from '../../support/traders.ts'
import {
  emptyAssets,
  firstExport,
  readyAssets,
  type TwoAssets,
  type TwoAssetsOptions,
} from '../../support/two-assets.ts'
import type { Engine } from '../../support/live-database.ts'

export interface Operation {
  readonly name: string
  /** Everything before it. */
  prepare(engine: Engine): Promise<TwoAssets>
  /** The machine that it runs on. */
  readonly on: 'a' | 'b'
  /** git's arguments, or `tandem` and the program's. */
  readonly words: readonly string[]
  /** Commands that do the same one after the other, where it goes through states between before and after. */
  readonly steps?: readonly (readonly string[])[]
  /** What a person does next, and what must then be as if nothing had happened. */
  next(asset: Asset): Promise<void>
  /** Brings the machine back to where it can exchange data, when that is not where the operation ends. */
  readonly goOn?: (asset: Asset) => Promise<void>
}

const options = (engine: Engine, more: TwoAssetsOptions = {}): TwoAssetsOptions => ({
  records: { traders: traders(engine.key, 12), posts: [{ id: 1, author: 'first', title: 'one' }] },
  ...more,
})

/** What each machine's program does meanwhile: change, remove, add; and both change another field of one record. */
async function work(asset: Asset, at: { readonly first: number; readonly shared: string }): Promise<void> {
  const { database } = asset
  const id = (i: number): string => `trader-${String(i).padStart(4, '0')}`
  await database.change('traders', { id: id(at.first) }, { user_id: 5000 + at.first })
  await database.remove('traders', { id: id(at.first + 1) })
  await database.insert('traders', traders('id', 2, 100 + at.first))
  await database.change('traders', { id: id(12) }, { [at.shared]: at.first })
  await database.run(`INSERT INTO posts (id, author, title) VALUES (${100 + at.first}, '${asset.name}', 'new')`)
}

const here = (a: Asset): Promise<void> => work(a, { first: 1, shared: 'profit_usd' })
const there = (b: Asset): Promise<void> => work(b, { first: 4, shared: 'profit_sol' })

/** Both changed something; what b did has not been pushed. */
async function bothChanged(engine: Engine): Promise<TwoAssets> {
  const assets = await readyAssets(engine, options(engine))
  await here(assets.a)
  await there(assets.b)
  return assets
}

/** Both changed something, and b has pushed it. */
async function theirsPushed(engine: Engine): Promise<TwoAssets> {
  const assets = await bothChanged(engine)
  await assets.b.git('push', '-q')
  return assets
}

async function git(asset: Asset, ...args: readonly string[]): Promise<void> {
  await asset.git(...args)
}

async function tandem(asset: Asset, ...args: readonly string[]): Promise<void> {
  const answer = await asset.tandem(...args)
  if (answer.code !== 0) throw new Error(`tandem ${args.join(' ')} ended with ${answer.code}: ${answer.text}`)
}

/** git's own lock, left by a git that was killed: git asks people to remove it. Ours (it says so) must not need that. */
async function removeGitLocks(asset: Asset): Promise<void> {
  const lock = path.join(asset.root, '.git/index.lock')
  const text = await asset.read('.git/index.lock').catch(() => 'tandem')
  if (!text.startsWith('tandem')) await rm(lock, { force: true })
}

/** A pull that has nothing to fetch runs no hook, so what was left undone is done by the next command of ours. */
async function pullAgain(asset: Asset): Promise<void> {
  await removeGitLocks(asset)
  await git(asset, 'pull', '--no-edit')
  await tandem(asset, 'apply')
}

/** A push that finishes a killed one whose data commit is on the remote may be refused by git, which compared the branches before our hook ran; the hook says to push again. */
async function pushAgain(asset: Asset): Promise<void> {
  const push = await asset.try('push')
  if (push.code !== 0 && !push.text.includes('git push again'))
    throw new Error(`git push ended with ${push.code}: ${push.text}`)
  if (push.code !== 0) await git(asset, 'push')
}

/** A merge that was stopped is ended, one that never began is begun again. */
async function endMerge(asset: Asset): Promise<void> {
  await removeGitLocks(asset)
  const pull = await asset.try('pull', '--no-edit')
  if (pull.code !== 0) {
    await tandem(asset, 'resolve')
    await git(asset, 'commit', '-q', '--no-edit')
  }
  await tandem(asset, 'apply')
}

/** The same for a sync: it says what to do where git stopped in its merge. */
async function syncAgain(asset: Asset): Promise<void> {
  await removeGitLocks(asset)
  if ((await asset.tandem('sync')).code === 0) return
  await tandem(asset, 'resolve')
  await git(asset, 'commit', '-q', '--no-edit')
  await tandem(asset, 'sync')
}

const RESTORE = [
  'tandem',
  'restore',
  '--yes',
  '--at',
  'HEAD~1',
  '--allow-deletes',
  'traders=2',
  '--allow-deletes',
  'posts=1',
]

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'push',
    on: 'a',
    prepare: async (engine) => {
      const assets = await bothChanged(engine)
      await assets.a.commit('code.txt', 'two\n')
      return assets
    },
    words: ['push'],
    next: pushAgain,
  },
  {
    name: 'export',
    on: 'a',
    prepare: bothChanged,
    words: ['tandem', 'export', '--commit'],
    next: (a) => tandem(a, 'export', '--commit'),
  },
  {
    name: 'stage',
    on: 'a',
    prepare: bothChanged,
    words: ['tandem', 'export'],
    next: (a) => tandem(a, 'export'),
  },
  {
    name: 'commit',
    on: 'a',
    prepare: async (engine) => {
      const more = { configuration: { exportOn: ['push', 'commit'] } }
      const assets = await readyAssets(engine, options(engine, more))
      await here(assets.a)
      await there(assets.b)
      await assets.a.write('code.txt', 'two\n')
      await assets.a.git('add', 'code.txt')
      return assets
    },
    words: ['commit', '-q', '-m', 'code and data'],
    next: async (a) => {
      await removeGitLocks(a)
      await a.write('more.txt', 'three\n')
      await git(a, 'add', 'more.txt')
      await git(a, 'commit', '-q', '-m', 'code and data')
    },
  },
  {
    name: 'pull',
    on: 'a',
    prepare: theirsPushed,
    words: ['pull', '--no-edit'],
    next: pullAgain,
  },
  {
    name: 'merge',
    on: 'a',
    prepare: async (engine) => {
      const assets = await theirsPushed(engine)
      await tandem(assets.a, 'export', '--commit')
      return assets
    },
    words: ['pull', '--no-edit'],
    next: endMerge,
  },
  {
    name: 'resolve',
    on: 'a',
    prepare: async (engine) => {
      const assets = await theirsPushed(engine)
      await tandem(assets.a, 'export', '--commit')
      await assets.a.try('-c', 'merge.tandem.driver=false', 'pull', '--no-edit')
      return assets
    },
    words: ['tandem', 'resolve'],
    next: (a) => tandem(a, 'resolve'),
    goOn: (a) => git(a, 'commit', '-q', '--no-edit'),
  },
  {
    name: 'apply',
    on: 'a',
    prepare: async (engine) => {
      const assets = await theirsPushed(engine)
      await assets.a.git('fetch', '-q')
      await assets.a.git('reset', '-q', '--hard', 'origin/main')
      return assets
    },
    words: ['tandem', 'apply'],
    next: (a) => tandem(a, 'apply'),
  },
  {
    name: 'sync',
    on: 'a',
    prepare: theirsPushed,
    words: ['tandem', 'sync'],
    steps: [
      ['tandem', 'export', '--commit'],
      ['-c', 'core.hooksPath=/dev/null', 'pull', '--no-edit'],
    ],
    next: syncAgain,
  },
  {
    name: 'init',
    on: 'a',
    prepare: async (engine) => {
      const assets = await emptyAssets(engine, options(engine))
      await assets.b.git('pull', '-q')
      await there(assets.b)
      return assets
    },
    words: ['tandem', 'init', '--yes'],
    next: (a) => tandem(a, 'init', '--yes'),
    goOn: async (a) => {
      await git(a, 'push', '-q', '-u', 'origin', 'main')
    },
  },
  {
    name: 'join',
    on: 'b',
    prepare: async (engine) => {
      const assets = await emptyAssets(engine, options(engine))
      await firstExport(assets.a)
      await assets.b.git('pull', '-q')
      await assets.b.database.insert('traders', traders('id', 3, 11))
      return assets
    },
    words: ['tandem', 'init', '--yes'],
    next: (b) => tandem(b, 'init', '--yes'),
  },
  {
    name: 'undo',
    on: 'a',
    prepare: async (engine) => {
      const assets = await theirsPushed(engine)
      await assets.a.git('pull', '-q', '--no-edit')
      return assets
    },
    words: ['tandem', 'undo'],
    // whether it came to pass or not: this brings in again what it took back
    next: (a) => tandem(a, 'apply'),
  },
  {
    name: 'restore',
    on: 'a',
    prepare: async (engine) => {
      const assets = await bothChanged(engine)
      await assets.a.git('push', '-q')
      return assets
    },
    words: RESTORE,
    next: (a) => tandem(a, ...RESTORE.slice(1)),
  },
  {
    name: 'uninstall',
    on: 'a',
    prepare: bothChanged,
    words: ['tandem', 'uninstall'],
    next: (a) => tandem(a, 'uninstall'),
    goOn: async (a) => {
      await a.git('config', 'tandem.asset', 'a')
      await tandem(a, 'init', '--yes')
    },
  },
]
