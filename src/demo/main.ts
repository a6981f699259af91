#!/usr/bin/env node
/**
 * `npm run demo`: two machines with a git remote between them, whose databases are kept the same. Only this file of the demo reads arguments and the environment and
 * sets the exit code.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { TandemError, UsageError } from '../model/errors.ts'
import type { DemoServer } from './database.ts'
import { type Machine, demoEnvironment, machineAt } from './machine.ts'
import { mongodbServer } from './mongodb.ts'
import { type Narrator, createNarrator } from './narrator.ts'
import { postgresServer } from './postgres.ts'
import { GIT_CONFIG } from './project.ts'
import { sqliteServer } from './sqlite.ts'
import { compareDatabases, editBoth, pushAndPull, setUpFirst, setUpSecond, showReport } from './story.ts'

/** The path of the built program, in the folder beside this file's. */
const PROGRAM = fileURLToPath(new URL('../cli/main.js', import.meta.url))

const FLAGS = ['--postgres', '--mongodb', '--keep']

const HELP = `npm run demo                   two SQLite files
npm run demo -- --postgres     two PostgreSQL databases (POSTGRES_TEST_URI, else installed, else embedded)
npm run demo -- --mongodb      two MongoDB databases on MONGODB_TEST_URI
npm run demo -- --keep         keeps the folder, to look around\n`

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return 0
  }
  const unknown = args.find((arg) => !FLAGS.includes(arg))
  if (unknown !== undefined) throw new UsageError(`the demo has no option ${unknown}`, { hint: HELP.trimEnd() })
  const keep = args.includes('--keep')
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tandem-demo-')))
  const remove = (): void => {
    if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  process.stdout.on('error', () => undefined) // with `| head` the reader may end first; the demo then still has to remove its folder
  process.once('SIGINT', () => {
    remove()
    process.exit(130)
  })
  try {
    const server = await serverFor(args, folder)
    try {
      return await playStory(server, { folder, keep })
    } finally {
      await server.close({ keep })
    }
  } finally {
    remove()
  }
}

async function serverFor(args: readonly string[], folder: string): Promise<DemoServer> {
  if (args.includes('--mongodb')) return mongodbServer(process.env['MONGODB_TEST_URI'])
  if (args.includes('--postgres')) return postgresServer(process.env['POSTGRES_TEST_URI'], folder)
  return sqliteServer()
}

/** Plays all scenes; returns the exit code: 1 when the two databases differ at the end. */
async function playStory(server: DemoServer, at: { readonly folder: string; readonly keep: boolean }): Promise<number> {
  const started = Date.now()
  const narrator = createNarrator(
    (text) => void process.stdout.write(text),
    process.stdout.isTTY && !process.env['NO_COLOR'],
  )
  narrator.say(`git-tandem: two machines, each with its own ${server.name} database, one git remote between them`)
  narrator.say(`in ${at.folder}`)
  const [first, second] = await machines(server, at.folder, narrator)
  const cast = { narrator, first, second }
  await setUpFirst(cast)
  await setUpSecond(cast)
  await editBoth(cast)
  await pushAndPull(cast)
  await showReport(cast)
  const equal = await compareDatabases(cast)
  narrator.say(`\n${((Date.now() - started) / 1000).toFixed(1)} s. ${at.keep ? lookAround(at.folder) : KEEP_HINT}`)
  return equal ? 0 : 1
}

const KEEP_HINT = `Nothing is left behind; npm run demo -- --keep leaves the clones to look around in.
For your own database: README.md, "Your own database".`

function lookAround(folder: string): string {
  return `The clones are in ${folder}: asset-1, asset-2 and remote.git.
Try: git -C ${path.join(folder, 'asset-1')} log --stat
Git there needs a name and an address: export GIT_CONFIG_GLOBAL=${path.join(folder, 'gitconfig')}`
}

/** Makes the bare remote and two clones of it. */
async function machines(server: DemoServer, folder: string, narrator: Narrator): Promise<[Machine, Machine]> {
  const gitConfig = path.join(folder, 'gitconfig')
  writeFileSync(gitConfig, GIT_CONFIG)
  const environment = demoEnvironment(process.env, gitConfig)
  const git = (...args: string[]): void =>
    void execFileSync('git', args, { cwd: folder, env: environment, stdio: 'pipe' })
  git('init', '--bare', '--initial-branch=main', 'remote.git')
  const made: Machine[] = []
  for (const name of ['asset-1', 'asset-2']) {
    git('clone', 'remote.git', name)
    const clone = path.join(folder, name)
    const database = await server.database(name, clone)
    made.push(machineAt({ name, folder: clone, database, environment, program: PROGRAM, narrator }))
  }
  return made as [Machine, Machine]
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { message, hint } = error as TandemError
  process.stderr.write(`demo: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`)
  process.exitCode = error instanceof TandemError ? error.exitCode : 1
}
