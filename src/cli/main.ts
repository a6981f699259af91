#!/usr/bin/env node
/** The program: reads argv, the environment and the working directory, sets the exit code. Nothing else may do any of these. Hooks take a short way past yargs. */
import { fileURLToPath } from 'node:url'
import type { Surroundings } from './run-command.ts'

const INTERRUPTED = 130

const around: Surroundings = {
  directory: process.cwd(),
  environment: process.env,
  executable: process.execPath,
  script: fileURLToPath(import.meta.url),
}

async function main([first, ...rest]: readonly string[]): Promise<number> {
  const [name, ...words] = rest
  if (first !== 'hook' || name === undefined || name.startsWith('-')) {
    const { parseAndRun } = await import('./parse.ts')
    return parseAndRun(first === undefined ? [] : [first, ...rest], around)
  }
  const { runCommand } = await import('./run-command.ts')
  const { hookCommand } = await import('./commands/hook.ts')
  return runCommand(hookCommand, { name, arguments: words }, around)
}

/** Writes end or are rolled back by the next command; the code says that it was a person who stopped it. */
function onInterrupt(): void {
  process.stderr.write('\ntandem: interrupted; the next command finishes or takes back what was begun\n')
  process.exit(INTERRUPTED)
}

process.on('SIGINT', onInterrupt)
process.on('SIGTERM', onInterrupt)
process.exitCode = await main(process.argv.slice(2))
