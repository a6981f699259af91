/** Runs one git command with bytes in and bytes out: the plumbing that simple-git has no calls for (standard input, NUL-separated output, another index file). */
import { spawn } from 'node:child_process'
import { TandemError } from '../model/errors.ts'

export interface RunOptions {
  /** Given to standard input. */
  readonly input?: string | Buffer
  /** Laid over the environment; `undefined` removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Exit codes that are answers, not errors; 0 always is. */
  readonly answers?: readonly number[]
}

export interface RunResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** A git command that failed: its exit code and what it said. */
export class GitError extends TandemError {
  readonly gitExitCode: number
  readonly stderr: string

  constructor(args: readonly string[], code: number, stderr: string) {
    super({ code: 'git', exitCode: 1 }, `git ${args.slice(0, 2).join(' ')} failed (${code}): ${stderr.trim()}`)
    this.gitExitCode = code
    this.stderr = stderr
  }
}

/** Where and with which environment git runs. */
export interface RunPlace {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Whatever the user likes to see, what we read is plain: no colours, no signatures among the lines, UTF-8. */
const PLAIN = ['-c', 'color.ui=false', '-c', 'log.showSignature=false', '-c', 'i18n.logOutputEncoding=UTF-8']

/**
 * Runs `git ARGS` and returns all it printed.
 * @throws GitError when git exits with another code than 0 or those in `answers`, or cannot be started
 */
export function runGit(place: RunPlace, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const env = { ...place.environment, ...options.environment }
    const child = spawn('git', [...PLAIN, ...args], { cwd: place.cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    child.stdin.on('error', () => undefined) // git may exit without reading all of it; its exit code tells
    child.on('error', (error) => reject(new GitError(args, -1, error.message)))
    child.on('close', (exit) => {
      const code = exit ?? -1
      const stderr = Buffer.concat(errors).toString()
      if (code === 0 || options.answers?.includes(code)) resolve({ code, stdout: Buffer.concat(out), stderr })
      else reject(new GitError(args, code, stderr))
    })
    child.stdin.end(options.input)
  })
}

/** The environment without what a hook's git left in it about *its* repository and index, so that a child finds the repository of its own working directory. */
export function withoutRepository(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const clean = { ...environment }
  for (const name of REPOSITORY_VARIABLES) delete clean[name]
  return clean
}

/** `git rev-parse --local-env-vars`, without those that carry configuration. */
const REPOSITORY_VARIABLES = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
  'GIT_QUARANTINE_PATH',
]
