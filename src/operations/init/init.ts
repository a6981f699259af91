/** `tandem init`: sets up this clone and its databases; run again at will. Order: check everything that can be checked, then write; the database is bound last. */
import { setSetting } from '../../git/settings.ts'
import { readHead } from '../../git/head.ts'
import { installHooks, planHooks, USUAL_HOOKS, type Installed } from '../../git/install/hooks.ts'
import { registerDriver } from '../../git/install/driver.ts'
import { exportsProblems, writeAttributes } from '../../git/install/attributes.ts'
import { mendPrettierignore } from '../../git/install/prettierignore.ts'
import { writeBranches } from '../../git/install/stub-state.ts'
import { openRepository } from '../../git/repository.ts'
import { UsageError } from '../../model/errors.ts'
import { approve } from '../approval.ts'
import type { StructureReview } from '../apply-structure.ts'
import { workspaceOf, type Invocation, type Workspace } from '../workspace.ts'
import { createTables } from './create-schema.ts'
import { initSource, type JoinChoice, type SourceSetup } from './init-source.ts'
import { writeConfig, type SourceArgument } from './write-config.ts'

export interface InitOptions {
  readonly sources: readonly SourceArgument[]
  /** How hooks find the program: a shell command line. */
  readonly command: string
  readonly choose: JoinChoice
  /** Asked about tables that HEAD's exports have and a database lacks; without it, none are made. */
  readonly review?: StructureReview
}

export interface InitResult {
  /** What was, or would be, done, in words. */
  readonly done: readonly string[]
  readonly hooks: readonly Installed[]
  readonly sources: readonly SourceSetup[]
}

/** @throws UsageError, UnreachableError, DamagedError, GuardError when nobody could be asked how to join */
export async function init(invocation: Invocation, options: InitOptions): Promise<InitResult> {
  const repository = await openRepository(invocation.directory, invocation.environment)
  const done = await writeConfig(repository, options.sources, invocation.dryRun)
  if (invocation.dryRun && done.length > 0) return { done, hooks: [], sources: [] }
  const workspace = await workspaceOf(invocation, repository)
  const hooks = await (invocation.dryRun ? planHooks(repository, wantedHooks(workspace)) : undefined)
  if (hooks !== undefined) {
    await createMissing(workspace, options)
    return { done, hooks: hooks.hooks, sources: [] }
  }
  done.push(...(await setUpClone(workspace, options)))
  const installed = await installHooks(repository, wantedHooks(workspace))
  await registerDriver(repository)
  for (const config of workspace.config.sources) await approve(workspace, config)
  const trusted = await workspaceOf(invocation, repository)
  await createMissing(trusted, options)
  const sources: SourceSetup[] = []
  for (const config of trusted.config.sources) sources.push(await initSource(trusted, config, options.choose))
  return { done, hooks: installed, sources }
}

async function createMissing(workspace: Workspace, { review }: InitOptions): Promise<void> {
  if (review !== undefined) for (const config of workspace.config.sources) await createTables(workspace, config, review)
}

function wantedHooks(workspace: Workspace): typeof USUAL_HOOKS {
  const commit = workspace.config.exportOn.includes('commit')
  return commit ? [...USUAL_HOOKS, 'pre-commit', 'prepare-commit-msg'] : USUAL_HOOKS
}

/** Settings, attributes and ignore files. @throws UsageError when git would not carry the exports */
async function setUpClone(workspace: Workspace, options: InitOptions): Promise<string[]> {
  const { repository, config, settings } = workspace
  const done: string[] = []
  const { branch } = await readHead(repository)
  if (config.branches === undefined && !settings.has('branch') && branch !== undefined) {
    await setSetting(repository, 'branch', branch)
    done.push(`branch ${branch} carries the data`)
  }
  const globs = config.branches ?? [settings.get('branch') ?? branch ?? '*']
  await writeBranches(repository.commonDir, globs)
  await setSetting(repository, 'command', options.command)
  if (await writeAttributes(repository, config.exports))
    done.push(`wrote ${config.exports}/.gitattributes; it travels with the first data commit`)
  if (await mendPrettierignore(repository, config.exports)) done.push(`added ${config.exports}/ to .prettierignore`)
  const problems = await exportsProblems(repository, config.exports)
  if (problems.length > 0)
    throw new UsageError(problems.join('\n'), { hint: 'Correct that, then run tandem init again.' })
  return done
}
