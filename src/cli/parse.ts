/** Finds the command for the arguments with yargs, which also prints help, completion and suggestions. Not loaded for hooks. */
import yargs, { type Argv } from 'yargs'
import { packageVersion } from '../io/package-files.ts'
import { EXIT_CODES, UsageError } from '../model/errors.ts'
import { asTandemError } from '../source/sources.ts'
import type { Arguments, Command } from './command.ts'
import { loadCommands } from './commands/index.ts'
import { type Surroundings, failureValue, outputFor, runCommand } from './run-command.ts'
import { fromSeedFlags } from './seed-flags.ts'

/** Parses the arguments, runs the command that they name, and returns the exit code. Errors are printed here and never thrown. */
export async function parseAndRun(argv: readonly string[], around: Surroundings): Promise<number> {
  let exitCode = 0
  const cli = programWith(argv, await packageVersion())
  for (const command of await loadCommands(argv[0]))
    cli.command({
      command: command.usage,
      describe: command.describe,
      builder: (builder: Argv) => withOptions(builder, command),
      handler: async (args: Arguments) => {
        exitCode = await runCommand(command, args, around)
      },
    })
  try {
    await cli.parseAsync()
  } catch (error) {
    const failure = asTandemError(error)
    const output = outputFor(undefined, { json: argv.includes('--json') }, around)
    output.fail(failure)
    if (output.json) output.value(failureValue(failure))
    exitCode = failure.exitCode
  }
  return exitCode
}

function programWith(argv: readonly string[], version: string): Argv {
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  return yargs([...fromSeedFlags(argv)])
    .scriptName('tandem')
    .version(version) // yargs would look for the package.json of the project around
    .usage('$0 COMMAND: git push and git pull for the databases you already run')
    .options({
      C: { type: 'string', describe: 'Run as if started in DIR', requiresArg: true, global: true },
      json: { type: 'boolean', describe: 'One JSON value on standard output', global: true },
      yes: { type: 'boolean', describe: "Answer every question but a guard's with yes", global: true },
      quiet: { type: 'boolean', describe: 'Only errors', global: true },
      verbose: { type: 'boolean', describe: 'Say more, with stack traces', global: true },
    })
    .epilogue(`Exit codes:\n${codes.join('\n')}`)
    .completion('completion', 'Print a completion script for bash or zsh')
    .demandCommand(1, 'Name a command.')
    .recommendCommands()
    .strict()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      throw error ?? new UsageError(message, { hint: 'tandem --help lists the commands.' })
    })
}

function withOptions(builder: Argv, command: Command): Argv {
  builder.options({ ...command.options })
  for (const [name, option] of Object.entries(command.positionals ?? {})) builder.positional(name, option)
  for (const [text, what] of command.examples ?? []) builder.example(text, what)
  return builder
}
