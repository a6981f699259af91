/** What every operation starts from: the repository, its configuration, this clone's settings, and how to speak to whoever called. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../config/config.ts'
import { branchCarries } from '../config/match.ts'
import { checkInsideWorkTree } from '../config/place.ts'
import { SCHEMA_VERSION } from '../config/schema.ts'
import { readConfig, readDotenv, type ValidTexts } from '../config/read.ts'
import type { Lookups } from '../config/source-url.ts'
import { exists, type Head } from '../git/head.ts'
import { openRepository, type Repository } from '../git/repository.ts'
import { allSettings } from '../git/settings.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { namesApproved } from './approval.ts'

/** Who asks, and how to answer. Only `cli/main.ts` makes one. */
export interface Invocation {
  /** Absolute. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly hostName: string
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** A new id that nobody else has: for `Tandem-Export`. Here, beside the clock, so that the committed example can be made again byte for byte. */
  readonly newId: () => string
  /** A line for people. */
  readonly say: (line: string) => void
  /** A passing word on something that takes long; replaced by the next. */
  readonly progress: (text: string) => void
  /** True inside a git hook: connect within 2 s, never ask, never block. */
  readonly inHook: boolean
  readonly dryRun: boolean
  /** Starts this program again, on its own, with these arguments; answers its process id. */
  readonly startInBackground: (args: readonly string[]) => number | undefined
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
 * @throws UsageError when there is no repository, or no configuration or an invalid one
 */
export async function openWorkspace(invocation: Invocation): Promise<Workspace> {
  const repository = await openRepository(invocation.directory, invocation.environment)
  return workspaceOf(invocation, repository)
}

/** The workspace of an opened repository. @throws UsageError as openWorkspace does */
export async function workspaceOf(invocation: Invocation, repository: Repository): Promise<Workspace> {
  const dataDir = path.join(repository.commonDir, 'tandem')
  const config = await readConfig(repository.root, validTexts(dataDir))
  await checkInsideWorkTree(repository.root, config.exports)
  const settings = await allSettings(repository)
  return {
    invocation,
    repository,
    config,
    settings,
    lookups: {
      environment: invocation.environment,
      dotenv: await readDotenv(repository.root),
      gitConfigUrl: (source) => settings.get(`source.${source}.url`),
      approvedNames: await namesApproved(dataDir, config.sources),
    },
    asset: settings.get('asset') ?? invocation.hostName,
    dataDir,
  }
}

/** The hash of the last text that fitted the schema of this version of the program. Only written where `init` has been. */
function validTexts(dataDir: string): ValidTexts {
  const file = path.join(dataDir, 'valid-config')
  const hash = (text: string): string => createHash('sha256').update(`${SCHEMA_VERSION}\n${text}`).digest('hex')
  return {
    has: async (text) => (await readFile(file, 'utf8').catch(() => '')) === hash(text),
    add: async (text) => {
      if (await exists(dataDir)) await writeAtomically(file, hash(text))
    },
  }
}

/** Why the current HEAD does not carry data, in words; undefined when it does. */
export async function notCarrying(workspace: Workspace, head: Head): Promise<string | undefined> {
  if (workspace.repository.isSubmodule) return 'this is a submodule'
  if (head.branch === undefined) return 'HEAD is detached'
  const own = workspace.settings.get('branch')
  const globs = workspace.config.branches ?? (own === undefined ? [head.branch] : [own])
  if (branchCarries(globs, head.branch)) return undefined
  return `branch ${head.branch} does not carry data (${globs.join(', ')} ${globs.length > 1 ? 'do' : 'does'})`
}
