#!/usr/bin/env node
/** The program: reads argv, the environment and the working directory, runs one command, sets the exit code. Nothing else may do any of these. */
import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import yargs, { type Argv } from 'yargs'
import { EXIT_CODES, UsageError } from '../model/errors.ts'
import { asTandemError } from '../operations/sources.ts'
import { openWorkspace, type Invocation, type Workspace } from '../operations/workspace.ts'
import type { Arguments, Command, CommandContext } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { createOutput, type Output } from './output.ts'
import { fromSeedFlags } from './seed-flags.ts'

const INTERRUPTED = 130

async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const cli = yargs([...fromSeedFlags(argv)])
    .scriptName('tandem')
    .usage('$0 COMMAND: git push and git pull for the databases you already run')
    .options({
      C: { type: 'string', describe: 'Run as if started in DIR', requiresArg: true, global: true },
      json: { type: 'boolean', describe: 'One JSON value on standard output', global: true },
      yes: { type: 'boolean', describe: "Answer every question but a guard's with yes", global: true },
      quiet: { type: 'boolean', describe: 'Only errors', global: true },
      verbose: { type: 'boolean', describe: 'Say more, with stack traces', global: true },
    })
    .epilogue(
      `Exit codes:\n${EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join('\n')}`,
    )
    .completion('completion', 'Print a completion script for bash or zsh')
    .demandCommand(1, 'Name a command.')
    .recommendCommands()
    .strict()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      throw error ?? new UsageError(message, { hint: 'tandem --help lists the commands.' })
    })
  for (const command of COMMANDS)
    cli.command({
      command: command.usage,
      describe: command.describe,
      builder: (builder: Argv) => withOptions(builder, command),
      handler: async (args: Arguments) => {
        exitCode = await runCommand(command, args)
      },
    })
  try {
    await cli.parseAsync()
  } catch (error) {
    const failure = asTandemError(error)
    outputFor(undefined, { json: argv.includes('--json') }).fail(failure)
    exitCode = failure.exitCode
  }
  return exitCode
}

function withOptions(builder: Argv, command: Command): Argv {
  builder.options({ ...command.options })
  for (const [name, option] of Object.entries(command.positionals ?? {})) builder.positional(name, option)
  for (const [text, what] of command.examples ?? []) builder.example(text, what)
  return builder
}

async function runCommand(command: Command, args: Arguments): Promise<number> {
  const output = outputFor(command, args)
  const invocation = invocationFor(command, args, output)
  let workspace: Promise<Workspace> | undefined
  const context: CommandContext = {
    invocation,
    output,
    args,
    workspace: () => (workspace ??= openWorkspace(invocation)),
    standardInput,
    ask: process.stdin.isTTY && args['yes'] !== true ? ask : undefined,
    program: shellWords([process.execPath, realpathSync(fileURLToPath(import.meta.url))]),
  }
  try {
    return await command.run(context)
  } catch (error) {
    const failure = asTandemError(error)
    output.fail(failure)
    if (output.json)
      output.value({ ok: false, error: { code: failure.code, message: failure.message, hint: failure.hint } })
    return command.isHook ? 0 : failure.exitCode
  }
}

function outputFor(command: Command | undefined, args: Arguments): Output {
  return createOutput({
    json: args['json'] === true,
    quiet: args['quiet'] === true,
    verbose: args['verbose'] === true,
    inHook: command?.isHook === true,
    isTerminal: process.stderr.isTTY && !process.env['NO_COLOR'],
  })
}

function invocationFor(command: Command, args: Arguments, output: Output): Invocation {
  const directory = typeof args['C'] === 'string' ? path.resolve(args['C']) : process.cwd()
  return {
    directory,
    environment: process.env,
    hostName: hostname(),
    nowMs: Date.now,
    say: output.say,
    progress: output.progress,
    inHook: command.isHook === true,
    dryRun: args['dryRun'] === true,
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(question)).trim()
  } finally {
    terminal.close()
  }
}

function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')
}

/** Writes end or are rolled back by the next command; the code says that it was a person who stopped it. */
function onInterrupt(): void {
  process.stderr.write('\ntandem: interrupted; the next command finishes or takes back what was begun\n')
  process.exit(INTERRUPTED)
}

process.on('SIGINT', onInterrupt)
process.on('SIGTERM', onInterrupt)
process.exitCode = await main(process.argv.slice(2))
