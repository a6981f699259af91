/** The repository we work in: where it is, which object format it has, and the two ways of asking git (plumbing with bytes; simple-git for what people do). */
import path from 'node:path'
import type { SimpleGit } from 'simple-git'
import { UsageError } from '../model/errors.ts'
import { exists } from './head.ts'
import { GitError, runGit, withoutRepository, type RunOptions, type RunPlace } from './run.ts'

export interface Repository {
  /** Top of the work tree, absolute. */
  readonly root: string
  /** This work tree's git directory (index, HEAD), absolute. */
  readonly gitDir: string
  /** The git directory that all linked work trees share, absolute; the tool's own state lives in `tandem/` below it. */
  readonly commonDir: string
  readonly objectFormat: 'sha1' | 'sha256'
  readonly isSubmodule: boolean
  /** For running other programs, or git elsewhere. */
  readonly place: RunPlace
  /** Standard output as text without its last line end. @throws GitError */
  git(args: readonly string[], options?: RunOptions): Promise<string>
  /** Standard output as bytes. @throws GitError */
  bytes(args: readonly string[], options?: RunOptions): Promise<Buffer>
  /** Fetch, pull, push: what a person would type, with variables laid over the environment. */
  readonly porcelain: (environment: Readonly<Record<string, string>>) => Promise<SimpleGit>
}

/**
 * Opens the repository that contains `directory`. Inside a hook `environment` still names git's own repository; it is asked once and then left behind.
 * @throws UsageError when there is no repository, no work tree, or no git
 */
export async function openRepository(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Repository> {
  if (!(await exists(directory))) throw new UsageError(`there is no directory ${directory}`)
  const found = await discover({ cwd: directory, environment })
  const place: RunPlace = { cwd: found.root, environment: environmentFor(found, environment) }
  return {
    ...found,
    place,
    git: async (args, options) => (await runGit(place, args, options)).stdout.toString().replace(/\n$/, ''),
    bytes: async (args, options) => (await runGit(place, args, options)).stdout,
    porcelain: (extra) => porcelainAt({ ...place, environment: { ...place.environment, ...extra } }),
  }
}

type Found = Pick<Repository, 'root' | 'gitDir' | 'commonDir' | 'objectFormat' | 'isSubmodule'>

/** `--path-format=absolute` needs git 2.31. */
const QUESTIONS = [
  'rev-parse',
  '--path-format=absolute',
  '--git-dir',
  '--git-common-dir',
  '--show-object-format',
  '--show-toplevel',
  '--show-superproject-working-tree',
]

async function discover(place: RunPlace): Promise<Found> {
  try {
    const { stdout } = await runGit(place, QUESTIONS)
    const [gitDir = '', commonDir = '', format, root = '', superproject = ''] = stdout.toString().split('\n')
    const objectFormat = format === 'sha256' ? 'sha256' : 'sha1'
    return { root: path.resolve(root), gitDir, commonDir, objectFormat, isSubmodule: superproject !== '' }
  } catch (error) {
    throw notARepository(place.cwd, error)
  }
}

function notARepository(directory: string, error: unknown): Error {
  if (!(error instanceof GitError)) return error as Error
  if (error.gitExitCode === -1)
    return new UsageError('git cannot be started', {
      hint: 'Install git 2.31 or newer and put it on PATH.',
      cause: error,
    })
  if (error.stderr.includes('must be run in a work tree'))
    return new UsageError(`${directory} is a bare repository: there is no work tree to keep exports in`)
  if (error.stderr.includes('dubious ownership'))
    return new UsageError(`git refuses ${directory}: it belongs to another user`, {
      hint: error.stderr.trim(),
      cause: error,
    })
  return new UsageError(`${directory} is not in a git repository`, {
    hint: 'Run `git init` there first, or name the repository with -C DIR.',
    cause: error,
  })
}

/** A repository named by GIT_DIR (not found from its work tree) must stay named; elsewhere git finds it by the working directory. */
function environmentFor(
  found: Found,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const clean: Record<string, string | undefined> = { ...withoutRepository(environment), LC_ALL: 'C' }
  const usual = found.gitDir === path.join(found.root, '.git') || found.gitDir !== found.commonDir
  if (environment['GIT_DIR'] === undefined || usual) return clean
  return { ...clean, GIT_DIR: found.gitDir, GIT_WORK_TREE: found.root }
}

/** simple-git refuses environments that could be somebody else's; ours is the user's own and our arguments are fixed, so those checks are off. */
async function porcelainAt(place: RunPlace): Promise<SimpleGit> {
  const { simpleGit } = await import('simple-git') // 60 ms that hooks do not need
  const git = simpleGit({
    baseDir: place.cwd,
    maxConcurrentProcesses: 1,
    // 'blocked by the environment guard' otherwise: whatever the user's git needs (certificates, proxies, ssh) it may have
    allowEnvironment: Object.keys(place.environment),
    unsafe: {
      allowUnsafeAskPass: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeEditor: true,
      allowUnsafePager: true,
      allowUnsafeSshCommand: true,
    },
  })
  return git.env(definedOnly(place.environment))
}

function definedOnly(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const defined: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) defined[name] = value
  return defined
}
