/** Machines with a clone and a database each, beside a bare remote, set up by git and `tandem init` as people do it. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openEngine, TABLE, type BenchDatabase, type BenchEngine } from './engines/engine.ts'
import { DEFAULT_ROWS, type BenchmarkOptions } from './measured.ts'
import { runProgram, type Run, type RunOptions } from './run-program.ts'
import type { Workbench } from './workbench.ts'

/** The built program: what people run, not its source through a loader. */
export const PROGRAM: string = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

export interface Machine {
  readonly root: string
  readonly environment: Readonly<Record<string, string>>
  readonly database: BenchDatabase
  /** @throws Error when it fails */
  git(...args: readonly string[]): Promise<Run>
  /** @throws Error when it fails */
  tandem(...args: readonly string[]): Promise<Run>
  /** How many git processes `git ARGS` starts, itself and those of the program among them. */
  countGits(...args: readonly string[]): Promise<number>
}

/** A remote from which machines are cloned; it holds the configuration. */
export interface Remote {
  readonly folder: string
  readonly engine: BenchEngine
  /** A clone with an empty table, before `tandem init`. */
  readonly clone: () => Promise<Machine>
}

export interface TwoMachines {
  readonly rows: number
  readonly engine: BenchEngine
  readonly remote: Remote
  readonly a: Machine
  readonly b: Machine
  /** A number that no change had before, for `change`. */
  readonly nextMark: () => number
}

const GIT_CONFIG = `[user]
	name = bench
	email = bench@example.org
[init]
	defaultBranch = main
[pull]
	rebase = false
[core]
	editor = true
[protocol "file"]
	allow = always
[tandem]
	hookSeconds = 7200
`

/** `newest` decides what both sides changed. */
const CONFIGURATION = {
  branches: ['main'],
  sources: { app: { url: '${APP_DATABASE_URL}', collections: { [TABLE]: { newest: 'ts' } } } },
}

export async function openRemote({ engine: name }: BenchmarkOptions, workbench: Workbench): Promise<Remote> {
  const engine = await openEngine(name, workbench)
  const home = workbench.newPath('home')
  mkdirSync(home)
  writeFileSync(path.join(home, '.gitconfig'), GIT_CONFIG)
  const environment = environmentOf(home)
  const folder = path.join(home, 'remote.git')
  await runProgram('git', ['init', '-q', '--bare', folder], { environment })
  const clone = async (): Promise<Machine> => {
    const root = workbench.newPath('clone')
    await runProgram('git', ['clone', '-q', folder, root], { environment })
    const machine = machineAt(root, home, await engine.empty(root))
    await machine.git('config', 'tandem.asset', path.basename(root))
    writeFileSync(path.join(root, '.env'), `APP_DATABASE_URL='${machine.database.url}'\n`)
    return machine
  }
  const first = await clone()
  writeFileSync(path.join(first.root, '.gitignore'), '.env\ndata/\n')
  writeFileSync(path.join(first.root, 'tandem.config.json'), JSON.stringify(CONFIGURATION, undefined, 2))
  await first.git('add', '-A')
  await first.git('commit', '-q', '-m', 'start')
  await first.git('push', '-q', '-u', 'origin', 'main')
  return { folder, engine, clone }
}

/** Two machines with the same rows, joined and quiet; shared by the benchmarks of a command. */
export function twoMachines(options: BenchmarkOptions, workbench: Workbench): Promise<TwoMachines> {
  const rows = options.rows ?? DEFAULT_ROWS
  return workbench.shared(`machines ${options.engine} ${rows}`, async () => {
    const remote = await openRemote(options, workbench)
    const [a, b] = [await remote.clone(), await remote.clone()]
    await a.database.fill(rows)
    await b.database.fill(rows)
    await a.tandem('init', '--yes')
    await a.git('push', '-q')
    await b.git('pull', '-q')
    await b.tandem('init', '--yes', '--join', 'theirs')
    let mark = 0
    return { rows, engine: remote.engine, remote, a, b, nextMark: () => ++mark }
  })
}

/** How many records files differ between the commit and its first parent. */
export async function filesChanged(machine: Machine, commit = 'HEAD'): Promise<number> {
  const { text } = await machine.git('diff', '--name-only', `${commit}^1`, commit, '--', 'exports/app')
  return text.split('\n').filter((name) => name.endsWith('.jsonl')).length
}

function machineAt(root: string, home: string, database: BenchDatabase): Machine {
  const environment = environmentOf(home)
  const run = (program: string, args: readonly string[], more: RunOptions = {}): Promise<Run> =>
    runProgram(program, args, { cwd: root, environment, ...more })
  let counts = 0
  return {
    root,
    environment,
    database,
    git: (...args) => run('git', args),
    tandem: (...args) => run(process.execPath, [PROGRAM, ...args]),
    countGits: async (...args) => {
      // git writes a file for each of its processes into the folder, if its configuration (not the environment, which the program clears of GIT_*) names one: git-config(1), trace2
      const counting = path.join(home, `counting-${path.basename(root)}-${++counts}`)
      const traces = path.join(counting, 'traces')
      mkdirSync(traces, { recursive: true })
      writeFileSync(path.join(counting, '.gitconfig'), `${GIT_CONFIG}[trace2]\n\teventTarget = ${traces}\n`)
      await run('git', args, { environment: environmentOf(counting) })
      return readdirSync(traces).length
    },
  }
}

/** Nothing of the caller's but PATH, so that nobody's configuration decides what is measured. */
function environmentOf(home: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    LC_ALL: 'C',
    NO_COLOR: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  }
}
