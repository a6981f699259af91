/** What every operation starts from: the repository, its configuration, this clone's settings, and how to speak to whoever called. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import picomatch from 'picomatch'
import type { Config } from '../config/config.ts'
import { CONFIG_FILE, parseConfig, resolveConfig } from '../config/load.ts'
import { parseDotenv, type Lookups } from '../config/source-url.ts'
import type { Head } from '../git/head.ts'
import { openRepository, type Repository } from '../git/repository.ts'
import { allSettings } from '../git/settings.ts'
import { UsageError } from '../model/errors.ts'

/** Who asks, and how to answer. Only `cli/main.ts` makes one. */
export interface Invocation {
  /** Absolute. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly hostName: string
  /** Milliseconds since 1970. */
  nowMs(): number
  /** A line for people. */
  say(line: string): void
  /** A passing word on something that takes long; replaced by the next. */
  progress(text: string): void
  /** True inside a git hook: connect within 2 s, never ask, never block. */
  readonly inHook: boolean
  readonly dryRun: boolean
}

export interface Workspace {
  readonly invocation: Invocation
  readonly repository: Repository
  readonly config: Config
  readonly lookups: Lookups
  /** `tandem.*` settings of this clone, names without the prefix and in git's lower case. */
  readonly settings: ReadonlyMap<string, string>
  /** This asset's name; only breaks ties. */
  readonly asset: string
  /** The tool's folder in the common git directory. */
  readonly dataDir: string
}

/**
 * Opens the repository and reads its configuration.
 * @throws UsageError when there is no repository or no configuration
 */
export async function openWorkspace(invocation: Invocation): Promise<Workspace> {
  const repository = await openRepository(invocation.directory, invocation.environment)
  const file = path.join(repository.root, CONFIG_FILE)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) throw new UsageError(`no ${CONFIG_FILE} in ${repository.root}`, { hint: 'Run: tandem init' })
  return workspaceWith(invocation, repository, text)
}

/** The workspace of a configuration that is given as text (`init` has it before the file is written). */
export async function workspaceWith(invocation: Invocation, repository: Repository, text: string): Promise<Workspace> {
  const settings = await allSettings(repository)
  const dotenv = await readFile(path.join(repository.root, '.env'), 'utf8').catch(() => '')
  const approved = settings.get('names')
  return {
    invocation,
    repository,
    config: resolveConfig(parseConfig(text, CONFIG_FILE)),
    settings,
    lookups: {
      environment: invocation.environment,
      dotenv: parseDotenv(dotenv),
      gitConfigUrl: (source) => settings.get(`source.${source}.url`),
      ...(approved === undefined ? {} : { approvedNames: approved.split(' ') }),
    },
    asset: settings.get('asset') ?? invocation.hostName,
    dataDir: path.join(repository.commonDir, 'tandem'),
  }
}

/** Why the current HEAD does not carry data, in words; undefined when it does. */
export async function notCarrying(workspace: Workspace, head: Head): Promise<string | undefined> {
  if (workspace.repository.isSubmodule) return 'this is a submodule'
  if (head.branch === undefined) return 'HEAD is detached'
  const own = workspace.settings.get('branch')
  const globs = workspace.config.branches ?? (own === undefined ? [head.branch] : [own])
  if (picomatch.isMatch(head.branch, [...globs])) return undefined
  return `branch ${head.branch} does not carry data (${globs.join(', ')} ${globs.length > 1 ? 'do' : 'does'})`
}
