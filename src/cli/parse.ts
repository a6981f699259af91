/** From arguments to a command: yargs with the commands, their help, completion and suggestions. Loaded only when a person types; hooks go around it. */
import yargs, { type Argv } from 'yargs'
import { EXIT_CODES, UsageError } from '../model/errors.ts'
import { asTandemError } from '../operations/sources.ts'
import type { Arguments, Command } from './command.ts'
import { loadCommands } from './commands/index.ts'
import { failureValue, outputFor, runCommand, type Surroundings } from './run-command.ts'
import { fromSeedFlags } from './seed-flags.ts'

/** Parses the arguments and runs the command they name; answers the exit code. */
export async function parseAndRun(argv: readonly string[], around: Surroundings): Promise<number> {
  let exitCode = 0
  const cli = programWith(argv)
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

function programWith(argv: readonly string[]): Argv {
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  return yargs([...fromSeedFlags(argv)])
    .scriptName('tandem')
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
