/** The type of a command: its texts for yargs and help, and one function from arguments to an exit code. A command calls operations and writes to the output; it does not read argv. */
import type { Options, PositionalOptions } from 'yargs'
import type { Invocation, Workspace } from '../workspace/workspace.ts'
import type { RecordedProgram } from '../operations/init/init.ts'
import type { Output } from './output.ts'

/** Arguments as yargs parsed them, camel case. */
export type Arguments = Readonly<Record<string, unknown>>

/** What a command can read besides its arguments. */
export interface Input {
  /** Text of standard input, to its end. */
  readonly standardInput: () => Promise<string>
  /** Asks the person at the terminal and returns the answer; undefined when there is no terminal, or with `--yes`. */
  readonly ask: ((question: string) => Promise<string>) | undefined
}

/** Everything that a command's function gets. */
export interface CommandContext {
  readonly invocation: Invocation
  readonly output: Output
  readonly args: Arguments
  /** Opens repository and configuration, and says so where git no longer starts tandem in its hooks. The second call returns the same workspace. */
  readonly workspace: () => Promise<Workspace>
  readonly input: Input
  /** How hooks start this program again. */
  readonly program: RecordedProgram
  /** The words that start this program as it was started now: path of Node, path of the program. */
  readonly starts: readonly string[]
  /** Ends the program at once, whatever is still at work in it. */
  readonly leave: (exitCode: number) => void
}

/** One command of the program. */
export interface Command {
  /** yargs command text: `merge <path>`. */
  readonly usage: string
  /** Shown in help; false hides it. */
  readonly describe: string | false
  readonly options?: Readonly<Record<string, Options>>
  readonly positionals?: Readonly<Record<string, PositionalOptions>>
  readonly examples?: readonly (readonly [command: string, what: string])[]
  /** True for a command that git's hooks start: its exit code is always 0, and it writes only to standard error. */
  readonly isHook?: boolean
  /** Runs the command and returns the exit code. */
  readonly run: (context: CommandContext) => Promise<number>
}

/** Options that several commands have. */
export const ONLY: Options = { type: 'string', describe: 'Only this SOURCE or SOURCE/COLLECTION', requiresArg: true }

export const ALLOW_DELETES: Options = {
  type: 'string',
  array: true,
  describe: 'COLLECTION=N: let at most N deletes of this collection pass, once',
  requiresArg: true,
}

export const DRY_RUN: Options = { type: 'boolean', describe: 'Say what would be done, change nothing' }

/** The value of a text option; undefined when it is not given. */
export function textOf(args: Arguments, name: string): string | undefined {
  const value = args[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of a text option that may be repeated; empty when it is not given. */
export function textsOf(args: Arguments, name: string): readonly string[] {
  const value = args[name]
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
}
