/** Runs one git command with bytes in and out, for plumbing that simple-git cannot run (standard input, NUL-separated output, another index file). */
import { spawn } from 'node:child_process'
import { TandemError } from '../model/errors.ts'

/** How a command is run. */
export interface RunOptions {
  /** Standard input of the command. */
  readonly input?: string | Buffer
  /** Further environment variables; undefined removes one. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Exit codes besides 0 that are no errors. */
  readonly answers?: readonly number[]
}

/** What a command printed, and its exit code. */
export interface RunResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** A git command that failed, with its exit code (-1: it could not be started) and what it printed on standard error. */
export class GitError extends TandemError {
  readonly gitExitCode: number
  readonly stderr: string

  constructor(args: readonly string[], code: number, stderr: string) {
    super({ code: 'git', exitCode: 1 }, `git ${args[0] ?? ''} failed (${code}): ${stderr.trim()}`, {
      hint: 'Correct what git says, then run it again; tandem doctor looks for causes.',
    })
    this.gitExitCode = code
    this.stderr = stderr
  }
}

/** Where and with which environment git runs. */
export interface RunPlace {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Settings under which git's output can be read, whatever the user has configured: no colours, no signatures, UTF-8. */
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

/** The environment without the variables by which git tells a hook its repository and index, so that a child process finds the repository of its own working directory. */
export function withoutRepository(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const clean = { ...environment }
  for (const name of REPOSITORY_VARIABLES) delete clean[name]
  return clean
}

/** The list of `git rev-parse --local-env-vars` without the variables that hold configuration. */
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
  // how `git --glob-pathspecs` and its like tell their children to read paths; ours say it themselves
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_LITERAL_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
]
