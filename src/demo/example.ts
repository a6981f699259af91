/**
 * Makes the committed example: what the demo's database looks like in git after a merge. The same edits as in the demo, performed by the operations themselves with
 * a clock and ids of their own, so that every run gives the same bytes, commit ids in the report included.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { applyAll } from '../operations/apply.ts'
import { requireCarrying } from '../operations/carrying.ts'
import { exportAndCommit } from '../operations/export.ts'
import { init } from '../operations/init/init.ts'
import { openWorkspace, type Invocation } from '../operations/workspace.ts'
import { adding, type DemoDatabase } from './database.ts'
import { demoEnvironment } from './machine.ts'
import { dotenvText, GIT_CONFIG, PROJECT_FILES } from './project.ts'
import { sqliteServer } from './sqlite.ts'
import { editsOfFirst, editsOfSecond, firstTraders } from './traders.ts'

const START_MS = Date.UTC(2026, 1, 1, 12)
const MINUTE_MS = 60_000

/** Every file below `exports/` → its bytes; slashes on every system. @param environment for git: PATH and the like */
export async function makeExample(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, Buffer>> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'tandem-example-')))
  try {
    const first = await mergeInto(folder, environment)
    return await filesBelow(path.join(first, 'exports'))
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The whole history, command by command; answers the clone to copy from. */
async function mergeInto(folder: string, environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  await writeFile(path.join(folder, 'gitconfig'), GIT_CONFIG)
  const world = createWorld(folder, demoEnvironment(environment, path.join(folder, 'gitconfig')))
  world.git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'remote.git')
  const first = await clone(world, 'asset-1')
  for (const [file, text] of PROJECT_FILES) await writeFile(path.join(first.folder, file), text)
  await first.database.edit(adding(firstTraders()))
  world.git(first.folder, 'add', '.')
  world.git(first.folder, 'commit', '--quiet', '-m', 'A trading bot')
  await setUp(world, first.folder)
  await push(world, first.folder)
  const second = await clone(world, 'asset-2')
  await setUp(world, second.folder)
  world.tick()
  await first.database.edit(editsOfFirst(world.nowMs()))
  world.tick()
  await second.database.edit(editsOfSecond(world.nowMs()))
  await push(world, first.folder)
  await pull(world, second.folder)
  await push(world, second.folder)
  await pull(world, first.folder)
  return first.folder
}

/** Where the example happens, and its clock, which stands still while a command runs. */
interface World {
  readonly folder: string
  nowMs(): number
  /** Lets a minute pass. */
  tick(): void
  git(directory: string, ...args: readonly string[]): void
  invocation(directory: string): Invocation
}

function createWorld(folder: string, environment: Readonly<Record<string, string>>): World {
  let now = START_MS
  let ids = 0
  const nowMs = (): number => now
  // hooks are off: the operations that they start are called here, with this clock
  const currentEnvironment = (): Record<string, string> => {
    const date = `${now / 1000} +0000`
    return { ...environment, TANDEM_SKIP: '1', GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
  }
  return {
    folder,
    nowMs,
    tick: () => void (now += MINUTE_MS),
    git: (cwd, ...args) => void execFileSync('git', args, { cwd, env: currentEnvironment(), stdio: 'pipe' }),
    invocation: (directory) => ({
      directory,
      environment: currentEnvironment(),
      hostName: path.basename(directory),
      nowMs,
      newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
      say: () => undefined,
      progress: () => undefined,
      inHook: false,
      dryRun: false,
      startInBackground: () => undefined,
    }),
  }
}

async function clone(world: World, name: string): Promise<{ folder: string; database: DemoDatabase }> {
  const folder = path.join(world.folder, name)
  world.git(world.folder, 'clone', '--quiet', 'remote.git', name)
  const database = await sqliteServer().database(name, folder)
  await database.create()
  await writeFile(path.join(folder, '.env'), dotenvText(database.url))
  return { folder, database }
}

async function setUp(world: World, folder: string): Promise<void> {
  world.tick()
  await init(world.invocation(folder), { sources: [], command: 'tandem', choose: async () => undefined })
}

/** `git push`, with what its pre-push hook does. */
async function push(world: World, folder: string): Promise<void> {
  world.tick()
  const workspace = await openWorkspace(world.invocation(folder))
  const options = { only: undefined, allowed: new Map(), relayout: false, acceptClock: false }
  const { failures, held } = await exportAndCommit(workspace, { ...options, head: await requireCarrying(workspace) })
  refuse(failures, held)
  world.git(folder, 'push', '--quiet', 'origin', 'main')
}

/** `git pull`, with what its post-merge hook does. */
async function pull(world: World, folder: string): Promise<void> {
  world.tick()
  world.git(folder, 'pull', '--quiet')
  const workspace = await openWorkspace(world.invocation(folder))
  const { failures, held } = await applyAll(workspace, {
    only: undefined,
    allowed: new Map(),
    head: await requireCarrying(workspace),
  })
  refuse(failures, held)
}

/** @throws Error when something did not go as in the demo */
function refuse(failures: readonly { readonly error: Error }[], held: readonly string[]): void {
  const [failure] = failures
  if (failure !== undefined) throw failure.error
  if (held.length > 0) throw new Error(held.join('\n'))
}

async function filesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  const named = files.map((file) => [path.relative(folder, file).replaceAll(path.sep, '/'), file] as const)
  return new Map(await Promise.all(named.map(async ([name, file]) => [name, await readFile(file)] as const)))
}
