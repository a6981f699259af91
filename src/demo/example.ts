/**
 * Makes the example that is committed in this repository: the exports of the demo's database after a merge. It makes the demo's edits, but calls the operations
 * themselves, with a clock and ids of its own. So every run gives the same bytes, even the commit ids in the report.
 */
import { NO_CONSENT } from '../model/consent.ts'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { applyAll } from '../operations/apply.ts'
import { exportAndCommit } from '../operations/export.ts'
import { init } from '../operations/init/init.ts'
import { requireCarrying } from '../workspace/carrying.ts'
import { type Invocation, openWorkspace } from '../workspace/workspace.ts'
import { type DemoDatabase, adding } from './database.ts'
import { demoEnvironment } from './machine.ts'
import { GIT_CONFIG, PROJECT_FILES, dotenvText } from './project.ts'
import { sqliteServer } from './sqlite.ts'
import { editsOfFirst, editsOfSecond, firstTraders } from './traders.ts'

const START_MS = Date.UTC(2026, 1, 1, 12)

const MINUTE_MS = 60_000

/** Path below `exports/`, with slashes on every system → the bytes of the file. @param environment the variables that git needs, such as PATH */
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

/** Makes the whole history in `folder`, command by command, and returns the folder of the first machine's clone. */
async function mergeInto(folder: string, environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  await writeFile(path.join(folder, 'gitconfig'), GIT_CONFIG)
  const run = startRun(folder, demoEnvironment(environment, path.join(folder, 'gitconfig')))
  run.git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'remote.git')
  const first = await clone(run, 'asset-1')
  for (const [file, text] of PROJECT_FILES) await writeFile(path.join(first.folder, file), text)
  await first.database.edit(adding(firstTraders()))
  run.git(first.folder, 'add', '.')
  run.git(first.folder, 'commit', '--quiet', '-m', 'A trading bot')
  await setUp(run, first.folder)
  await push(run, first.folder)
  const second = await clone(run, 'asset-2')
  await setUp(run, second.folder)
  run.tick()
  await first.database.edit(editsOfFirst(run.nowMs()))
  run.tick()
  await second.database.edit(editsOfSecond(run.nowMs()))
  await push(run, first.folder)
  await pull(run, second.folder)
  await push(run, second.folder)
  await pull(run, first.folder)
  return first.folder
}

/** One run of the example: its folder, and its clock, which stands still while a command runs. */
interface ExampleRun {
  readonly folder: string
  nowMs(): number
  /** Moves the clock on by a minute. */
  tick(): void
  /** Runs git. @throws Error when it fails */
  git(directory: string, ...args: readonly string[]): void
  /** What an operation gets to know of the program's start, for a command in this directory. */
  invocation(directory: string): Invocation
}

function startRun(folder: string, environment: Readonly<Record<string, string>>): ExampleRun {
  let now = START_MS
  let ids = 0
  const nowMs = (): number => now
  // TANDEM_SKIP switches the hooks off: the operations that they would start are called here, with this clock
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

async function clone(run: ExampleRun, name: string): Promise<{ folder: string; database: DemoDatabase }> {
  const folder = path.join(run.folder, name)
  run.git(run.folder, 'clone', '--quiet', 'remote.git', name)
  const database = await sqliteServer().database(name, folder)
  await database.create()
  await writeFile(path.join(folder, '.env'), dotenvText(database.url))
  return { folder, database }
}

async function setUp(run: ExampleRun, folder: string): Promise<void> {
  run.tick()
  await init(run.invocation(folder), {
    sources: [],
    program: { command: 'tandem', note: undefined },
    choose: async () => undefined,
  })
}

/** Does what the pre-push hook does, and then `git push`. */
async function push(run: ExampleRun, folder: string): Promise<void> {
  run.tick()
  const workspace = await openWorkspace(run.invocation(folder))
  const options = { only: undefined, consent: NO_CONSENT }
  const { failures, held } = await exportAndCommit(workspace, { ...options, head: await requireCarrying(workspace) })
  requireSuccess(failures, held)
  run.git(folder, 'push', '--quiet', 'origin', 'main')
}

/** `git pull`, and then what the post-merge hook does. */
async function pull(run: ExampleRun, folder: string): Promise<void> {
  run.tick()
  run.git(folder, 'pull', '--quiet')
  const workspace = await openWorkspace(run.invocation(folder))
  const { failures, held } = await applyAll(workspace, {
    only: undefined,
    consent: NO_CONSENT,
    head: await requireCarrying(workspace),
  })
  requireSuccess(failures, held)
}

/** @throws Error when a source failed or a collection is held */
function requireSuccess(failures: readonly { readonly error: Error }[], held: readonly string[]): void {
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
