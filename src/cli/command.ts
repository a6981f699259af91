/** What a command is: its words for yargs and help, and one function from arguments to an exit code. Commands know operations and output, nothing of argv. */
import type { Options, PositionalOptions } from 'yargs'
import type { Invocation, Workspace } from '../operations/workspace.ts'
import type { Output } from './output.ts'

/** Arguments as yargs parsed them, camel case. */
export type Arguments = Readonly<Record<string, unknown>>

export interface CommandContext {
  readonly invocation: Invocation
  readonly output: Output
  readonly args: Arguments
  /** Opens repository and configuration; only once. */
  readonly workspace: () => Promise<Workspace>
  /** Text of standard input, to its end. */
  readonly standardInput: () => Promise<string>
  /** Asks the person at the terminal; undefined when there is none, or `--yes`. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  /** The shell command line that starts this very program again. */
  readonly program: string
}

export interface Command {
  /** yargs command text: `merge <path>`. */
  readonly usage: string
  /** Shown in help; false hides it. */
  readonly describe: string | false
  readonly options?: Readonly<Record<string, Options>>
  readonly positionals?: Readonly<Record<string, PositionalOptions>>
  readonly examples?: readonly (readonly [command: string, what: string])[]
  /** Runs inside a git hook: never fails, says everything on standard error. */
  readonly isHook?: boolean
  /** Answers the exit code. */
  readonly run: (context: CommandContext) => Promise<number>
}

/** Options shared by commands that move data. */
export const ONLY: Options = { type: 'string', describe: 'Only this SOURCE or SOURCE/COLLECTION', requiresArg: true }
export const ALLOW_DELETES: Options = {
  type: 'string',
  array: true,
  describe: 'COLLECTION=N: let at most N deletes of this collection pass, once',
  requiresArg: true,
}
export const DRY_RUN: Options = { type: 'boolean', describe: 'Say what would be done, change nothing' }

/** A text option; undefined when not given. */
export function textOf(args: Arguments, name: string): string | undefined {
  const value = args[name]
  return typeof value === 'string' ? value : undefined
}

/** A repeated text option. */
export function textsOf(args: Arguments, name: string): readonly string[] {
  const value = args[name]
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
}
