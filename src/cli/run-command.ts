/** Runs one command with its arguments: makes its context, turns every error into a message and an exit code. */
import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { TandemError } from '../model/errors.ts'
import type { Invocation, Workspace } from '../operations/workspace.ts'
import type { Arguments, Command, CommandContext } from './command.ts'
import { createOutput, type Output } from './output.ts'

/** What only `main.ts` may read from the process. */
export interface Surroundings {
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly executable: string
  readonly script: string
}

/** Answers the exit code; hooks always answer 0. */
export async function runCommand(command: Command, args: Arguments, around: Surroundings): Promise<number> {
  const output = outputFor(command, args, around)
  const { asTandemError } = await import('../operations/sources.ts')
  try {
    return await command.run(contextFor(command, args, { around, output }))
  } catch (error) {
    const failure = asTandemError(error)
    output.fail(failure)
    if (output.json) output.value(failureValue(failure))
    return command.isHook ? 0 : failure.exitCode
  }
}

/** What `--json` prints instead of a result. */
export function failureValue(failure: TandemError): Readonly<Record<string, unknown>> {
  return { ok: false, error: { code: failure.code, message: failure.message, hint: failure.hint } }
}

function contextFor(
  command: Command,
  args: Arguments,
  at: { readonly around: Surroundings; readonly output: Output },
): CommandContext {
  const { around, output } = at
  const invocation: Invocation = {
    directory: path.resolve(around.directory, typeof args['C'] === 'string' ? args['C'] : '.'),
    environment: around.environment,
    hostName: hostname(),
    nowMs: Date.now,
    newId: randomUUID,
    say: output.say,
    progress: output.progress,
    inHook: command.isHook === true,
    dryRun: args['dryRun'] === true,
    startInBackground: (words) => startAgain(words, around),
  }
  let workspace: Promise<Workspace> | undefined
  return {
    invocation,
    output,
    args,
    workspace: () =>
      (workspace ??= import('../operations/workspace.ts').then((room) => room.openWorkspace(invocation))),
    standardInput,
    ask: process.stdin.isTTY && args['yes'] !== true ? ask : undefined,
    program: shellWords([around.executable, realpathSync(around.script)]),
  }
}

/** Where a command's words go; without a command, those of an error in the arguments. */
export function outputFor(command: Command | undefined, args: Arguments, around: Surroundings): Output {
  return createOutput({
    json: args['json'] === true,
    quiet: args['quiet'] === true,
    verbose: args['verbose'] === true,
    inHook: command?.isHook === true,
    isTerminal: process.stderr.isTTY && !around.environment['NO_COLOR'],
  })
}

/** A run of its own, which outlives this one; what it has to say is in its log. */
function startAgain(words: readonly string[], around: Surroundings): number | undefined {
  const options = { cwd: around.directory, detached: true, stdio: 'ignore' as const }
  const child = spawn(around.executable, [around.script, ...words], options)
  child.on('error', () => undefined) // the next hook or command applies
  child.unref()
  return child.pid
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
