/** The repository: where it is, which object format it has, and the two ways to run git (plumbing commands with bytes, and simple-git for the commands that people use). */
import path from 'node:path'
import type { SimpleGit } from 'simple-git'
import { exists } from '../io/exists.ts'
import { UsageError } from '../model/errors.ts'
import { type GitConfig, parseGitConfig } from './git-config.ts'
import { type ObjectReader, openObjectReader } from './objects/object-reader.ts'
import { GitError, type RunOptions, type RunPlace, type RunResult, runGit, withoutRepository } from './run.ts'

/** An opened repository. */
export interface Repository {
  /** Top of the work tree, absolute. */
  readonly root: string
  /** This work tree's git directory (index, HEAD), absolute. */
  readonly gitDir: string
  /** The git directory that all linked work trees share, absolute; the tool's own state lives in `tandem/` below it. */
  readonly commonDir: string
  readonly objectFormat: 'sha1' | 'sha256'
  readonly isSubmodule: boolean
  /** Directory and environment for running other programs, or git in another directory. */
  readonly place: RunPlace
  /** Objects and ids by name, through one process for the whole run. */
  readonly objects: ObjectReader
  /** git's configuration, read once and again after this program has changed it. */
  config(): Promise<GitConfig>
  /** Standard output as text without its last line end. @throws GitError */
  git(args: readonly string[], options?: RunOptions): Promise<string>
  /** Standard output as bytes. @throws GitError */
  bytes(args: readonly string[], options?: RunOptions): Promise<Buffer>
  /** simple-git for fetch, pull and push, with further environment variables. */
  readonly porcelain: (environment: Readonly<Record<string, string>>) => Promise<SimpleGit>
}

/**
 * Opens the repository that contains `directory`. Inside a hook, `environment` names the repository of the git that started it; those variables are used once, to find it.
 * @throws UsageError when there is no repository, no work tree, or no git
 */
export async function openRepository(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Repository> {
  if (!(await exists(directory))) throw new UsageError(`there is no directory ${directory}`)
  const here = { cwd: directory, environment }
  // both at once: every run reads the configuration, and it is the same for the whole repository
  let config: Promise<GitConfig> | undefined = configAt(here)
  config.catch(() => undefined) // where there is no repository, `discover` says so
  const found = await discover(here)
  const place: RunPlace = { cwd: found.root, environment: environmentFor(found, environment) }
  const run = (args: readonly string[], options?: RunOptions): Promise<RunResult> => {
    if (args[0] === 'config') config = undefined
    return runGit(place, args, options)
  }
  return {
    ...found,
    place,
    objects: openObjectReader(place),
    config: () => (config ??= configAt(place)),
    git: async (args, options) => (await run(args, options)).stdout.toString().replace(/\n$/, ''),
    bytes: async (args, options) => (await run(args, options)).stdout,
    porcelain: (extra) => porcelainAt({ ...place, environment: { ...place.environment, ...extra } }),
  }
}

async function configAt(place: RunPlace): Promise<GitConfig> {
  return parseGitConfig((await runGit(place, ['config', '--null', '--list'])).stdout.toString())
}

type DiscoveredRepository = Pick<Repository, 'root' | 'gitDir' | 'commonDir' | 'objectFormat' | 'isSubmodule'>

/** Asked in one process, answered in one line each. */
const QUESTIONS = ['--git-dir', '--git-common-dir', '--show-object-format', '--show-toplevel'] as const

async function discover(place: RunPlace): Promise<DiscoveredRepository> {
  try {
    const [gitDir = '', commonDir = '', format, top = ''] = await answersTo(place)
    const objectFormat = format === 'sha256' ? 'sha256' : 'sha1'
    const root = path.resolve(top)
    return { root, gitDir, commonDir, objectFormat, isSubmodule: await isSubmodule(place, root) }
  } catch (error) {
    throw notARepository(place.cwd, error)
  }
}

async function answersTo(place: RunPlace): Promise<readonly string[]> {
  const lines = await revParse(place, QUESTIONS)
  if (lines.length === QUESTIONS.length) return lines
  // a path with a line feed in it: asked one by one, each answer is all that is printed
  const answers: string[] = []
  for (const question of QUESTIONS) answers.push((await revParse(place, [question])).join('\n'))
  return answers
}

/** git starts another git to answer this, so it is only asked where the work tree is inside another repository. */
async function isSubmodule(place: RunPlace, root: string): Promise<boolean> {
  for (let at = path.dirname(root); ; at = path.dirname(at)) {
    if (await exists(path.join(at, '.git'))) break
    if (at === path.dirname(at)) return false
  }
  return (await revParse(place, ['--show-superproject-working-tree'])).join('') !== ''
}

/** `--path-format=absolute` needs git 2.31. */
async function revParse(place: RunPlace, questions: readonly string[]): Promise<string[]> {
  const { stdout } = await runGit(place, ['rev-parse', '--path-format=absolute', ...questions])
  return stdout.toString().replace(/\n$/, '').split('\n')
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

/** The environment for git commands. A repository that is only found by GIT_DIR stays named by it; any other is found by the working directory. */
function environmentFor(
  found: DiscoveredRepository,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const clean: Record<string, string | undefined> = { ...withoutRepository(environment), LC_ALL: 'C' }
  const usual = found.gitDir === path.join(found.root, '.git') || found.gitDir !== found.commonDir
  if (environment['GIT_DIR'] === undefined || usual) return clean
  return { ...clean, GIT_DIR: found.gitDir, GIT_WORK_TREE: found.root }
}

/** simple-git refuses environment variables that could make git run programs. The environment is the user's own and the arguments are fixed, so those checks are turned off. */
async function porcelainAt(place: RunPlace): Promise<SimpleGit> {
  const { simpleGit } = await import('simple-git') // 60 ms that hooks do not need
  const git = simpleGit({
    baseDir: place.cwd,
    maxConcurrentProcesses: 1,
    // all variables are allowed: the user's git may need any of them (certificates, proxies, ssh)
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
