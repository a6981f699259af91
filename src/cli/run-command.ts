/** Runs one command: makes its context, and turns every error into a message and an exit code. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import type { TandemError } from '../model/errors.ts'
import type { Invocation, Workspace } from '../workspace/workspace.ts'
import type { Arguments, Command, CommandContext } from './command.ts'
import { type Output, createOutput } from './output.ts'
import { recordedProgram } from './recorded-program.ts'

/** What `main.ts` reads from the process: working directory, environment, and the paths of Node and of the program; and how it ends. */
export interface Surroundings {
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly executable: string
  readonly script: string
  /** Ends the process at once. */
  readonly leave: (exitCode: number) => void
}

/** Runs a command and returns its exit code, which is always 0 for hooks. Errors are printed here and never thrown. */
export async function runCommand(command: Command, args: Arguments, around: Surroundings): Promise<number> {
  const output = outputFor(command, args, around)
  const { asTandemError } = await import('../source/sources.ts')
  try {
    return await command.run(contextFor(command, args, { around, output }))
  } catch (error) {
    const failure = asTandemError(error)
    output.fail(failure)
    if (output.json) output.value(failureValue(failure))
    return command.isHook ? 0 : failure.exitCode
  }
}

/** The JSON value that `--json` prints when a command fails. */
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
    workspace: () => (workspace ??= openTold(invocation, output)),
    input: { standardInput, ask: process.stdin.isTTY && args['yes'] !== true ? ask : undefined },
    program: recordedProgram(around.executable, realpathSync(around.script)),
    starts: [around.executable, realpathSync(around.script)],
    leave: around.leave,
  }
}

/** The workspace; says so where git no longer starts tandem in some hooks, as nothing else would. */
async function openTold(invocation: Invocation, output: Output): Promise<Workspace> {
  const [rooms, look] = await Promise.all([
    import('../workspace/workspace.ts'),
    import('../operations/hooks/silent.ts'),
  ])
  const workspace = await rooms.openWorkspace(invocation)
  const line = await look.silentHooksLine(workspace)
  if (line !== undefined) output.note(line)
  return workspace
}

/** The output for a command and its arguments; without a command, for an error in the arguments. */
export function outputFor(command: Command | undefined, args: Arguments, around: Surroundings): Output {
  return createOutput({
    json: args['json'] === true,
    quiet: args['quiet'] === true,
    verbose: args['verbose'] === true,
    inHook: command?.isHook === true,
    isTerminal: process.stderr.isTTY && !around.environment['NO_COLOR'],
  })
}

/** Starts the program again in the background. It goes on when this run ends and writes to the log. Returns its process id; undefined when it could not be started. */
function startAgain(words: readonly string[], around: Surroundings): number | undefined {
  const options = { cwd: around.directory, detached: true, stdio: 'ignore' as const }
  const child = spawn(around.executable, [around.script, ...words], options)
  child.on('error', () => undefined) // it could not be started: the next hook or command applies
  child.unref()
  return child.pid
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(question)).trim()
  } finally {
    terminal.close()
  }
}
