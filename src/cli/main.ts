#!/usr/bin/env node
/** The program. Only this file reads argv, the environment and the working directory, and sets the exit code. It loads as little as it can: what git starts, it starts often. */
import { createRequire } from 'node:module'
import { loadCompiled } from './compiled.ts'
import type { Surroundings } from './run-command.ts'

const INTERRUPTED = 130

const HOOKS = /^(pre-push|pushed|post-(merge|commit|rewrite|checkout)|pre-commit|prepare-commit-msg)$/

const around: Surroundings = {
  directory: process.cwd(),
  environment: process.env,
  executable: process.execPath,
  script: import.meta.filename,
  leave: (exitCode) => process.exit(exitCode),
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') return sayVersion()
  const use = useByGit(argv)
  if (use !== undefined) return (bundle('for-git.js', use) as typeof import('./for-git.ts')).runForGit(argv, around)
  const command = /^[a-z-]{1,32}$/.exec(argv[0] ?? '')?.[0] ?? 'other'
  return (bundle('people.js', command) as typeof import('./parse.ts')).parseAndRun(argv, around)
}

async function sayVersion(): Promise<number> {
  const { packageVersion } = await import('../io/package-files.ts')
  process.stdout.write(`${await packageVersion()}\n`)
  return 0
}

/** The name of the hook, or `merge-driver`; undefined for what people call, which yargs parses. */
function useByGit([first, second, ...rest]: readonly string[]): string | undefined {
  if (first === 'hook' && HOOKS.test(second ?? '')) return second
  return first === 'merge-driver' && rest.length === 4 ? first : undefined
}

/** What a bundle beside this file exports. With source maps Node must load the files itself, else it maps no position in them. */
function bundle(name: string, use: string): unknown {
  const isPlain = process.sourceMapsEnabled || Boolean(process.env['NODE_DISABLE_COMPILE_CACHE'])
  return isPlain ? createRequire(import.meta.filename)(`./${name}`) : loadCompiled(name, use)
}

/** Ends the program at once. What was being written is finished or taken back by the next command. */
function onInterrupt(): void {
  process.stderr.write('\ntandem: interrupted; the next command finishes or takes back what was begun\n')
  process.exit(INTERRUPTED)
}

process.on('SIGINT', onInterrupt)

process.on('SIGTERM', onInterrupt)

void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode
})
