/** What every operation starts from: the repository, its configuration, this clone's settings, and how to answer the caller. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Config, SourceConfig } from '../config/config.ts'
import { checkInsideWorkTree } from '../config/place.ts'
import { type ValidTexts, readConfig, readDotenv } from '../config/read.ts'
import { SCHEMA_VERSION } from '../config/schema.ts'
import type { Lookups } from '../config/source-url.ts'
import { approvedNames } from '../config/trust.ts'
import { type Repository, openRepository } from '../git/repository.ts'
import { allSettings } from '../git/settings.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { exists } from '../io/exists.ts'

/** The call of the program: where, when and how it runs, and how to answer. Only `cli/main.ts` makes one. */
export interface Invocation {
  /** The working directory, as an absolute path. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly hostName: string
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** A new unique id, for `Tandem-Export`. Injected like the clock, so that the committed example can be made again byte for byte. */
  readonly newId: () => string
  /** Prints a line for people. */
  readonly say: (line: string) => void
  /** Shows the progress of something that takes long; each text replaces the one before. */
  readonly progress: (text: string) => void
  /** True inside a git hook: connect within 2 s, never ask, never block. */
  readonly inHook: boolean
  readonly dryRun: boolean
  /** Starts this program in the background with these arguments and returns its process id; undefined when it could not be started. */
  readonly startInBackground: (args: readonly string[]) => number | undefined
}

export interface Workspace {
  readonly invocation: Invocation
  readonly repository: Repository
  readonly config: Config
  readonly lookups: Lookups
  /** `tandem.*` settings of this clone, names without the prefix and in git's lower case. */
  readonly settings: ReadonlyMap<string, string>
  /** The name of this asset. In a merge it only decides between writes of the same time. */
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
  repository.objects.begin()
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

/** Remembers the hash of the last configuration that was valid for this version's schema. Only written in a clone that `init` has set up. */
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

/** The environment variables that the sources approved in this clone may read; empty before the first `init`. */
export async function namesApproved(dataDir: string, sources: readonly SourceConfig[]): Promise<string[]> {
  const names = new Set<string>()
  for (const { name } of sources) {
    const text = await readFile(path.join(dataDir, 'approved', `${name}.json`), 'utf8').catch(() => '')
    for (const each of approvedNames(text)) names.add(each)
  }
  return [...names]
}
