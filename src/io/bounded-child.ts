/** Runs a program for a limited time. When the time is over, it and whatever it started is ended. */
import { spawn } from 'node:child_process'

export interface BoundedOptions {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly limitMs: number
  readonly input?: string
}

/** What a program answered. `code` is -1 when it could not be started, a signal ended it, or its time was over. */
export interface BoundedAnswer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly isOverTime: boolean
}

/** Of each output so much is kept, the end of it. */
const KEPT_BYTES = 1_000_000

/** How long a program may take to end by itself after it was asked to. */
const GRACE_MS = 5_000

/** Runs `words[0]` with the other words as arguments. Never throws: a program that cannot be started is an answer too. */
export function runBounded(words: readonly string[], options: BoundedOptions): Promise<BoundedAnswer> {
  const [program = '', ...args] = words
  return new Promise((resolve) => {
    // a group of its own, so that all of it can be ended
    const child = spawn(program, args, { cwd: options.cwd, env: { ...options.environment }, detached: true })
    const output = { stdout: '', stderr: '' }
    let isOverTime = false
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        output[name] = `${output[name]}${chunk.toString()}`.slice(-KEPT_BYTES)
      })
    const timers = [
      setTimeout(() => {
        isOverTime = true
        end(child.pid, 'SIGTERM')
      }, options.limitMs),
      setTimeout(() => end(child.pid, 'SIGKILL'), options.limitMs + GRACE_MS),
    ]
    const answer = (code: number): void => {
      for (const timer of timers) clearTimeout(timer)
      resolve({ code: isOverTime ? -1 : code, ...output, isOverTime })
    }
    child.on('error', (error) => {
      output.stderr += error.message
      answer(-1)
    })
    child.on('close', (code) => answer(code ?? -1))
    child.stdin.on('error', () => undefined) // the program may not read it
    child.stdin.end(options.input ?? '')
  })
}

function end(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    // it has ended meanwhile
  }
}
