/** Runs a program of this machine, such as `pg_dump` or `age`, to its end. Its exit code is always looked at: half of an output looks like a whole one. */
import { spawn } from 'node:child_process'

export interface ProgramCall {
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Text for its standard input, which is closed after it; without one it has none. */
  readonly input?: string
}

export interface ProgramEnd {
  /** -1: a signal ended it. */
  readonly code: number
  readonly stdout: string
  /** The last 4,000 characters, trimmed. */
  readonly stderr: string
}

const MOST_CHARACTERS = 4_000

/** Runs `name` and returns how it ended; undefined when it is not installed. It is never a shell's command. */
export function runProgram(name: string, call: ProgramCall): Promise<ProgramEnd | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, [...call.args], { env: { ...call.environment }, stdio: ['pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-MOST_CHARACTERS)
    })
    child.stdin.on('error', () => undefined) // it may end without reading; its exit code tells
    child.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(undefined) : reject(error)))
    child.on('close', (code) =>
      resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: stderr.trim() }),
    )
    child.stdin.end(call.input ?? '')
  })
}
