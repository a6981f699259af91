/** `tandem init`: sets up this clone and its databases; run again at will. Order: check everything that can be checked, then write; the database is bound last. */
import path from 'node:path'
import { CONFIG_FILE } from '../../config/load.ts'
import { readHead } from '../../git/head.ts'
import { exportsProblems, writeAttributes } from '../../git/install/attributes.ts'
import { registerDriver } from '../../git/install/driver.ts'
import { filterAbove, filterProblem } from '../../git/install/filters.ts'
import { findHooksHome } from '../../git/install/hooks-home.ts'
import { type Installed, USUAL_HOOKS, installHooks, planHooks } from '../../git/install/hooks.ts'
import { mendPrettierignore } from '../../git/install/prettierignore.ts'
import { writeBranches } from '../../git/install/stub-state.ts'
import { type Repository, openRepository } from '../../git/repository.ts'
import { removeSetting, setSetting } from '../../git/settings.ts'
import { exists } from '../../io/exists.ts'
import { UsageError } from '../../model/errors.ts'
import type { StructureReview } from '../../schema/review.ts'
import { approve } from '../../workspace/approval.ts'
import { approveOutward } from '../../workspace/outward.ts'
import { type Invocation, type Workspace, workspaceOf } from '../../workspace/workspace.ts'
import { correctConfig } from './correct-config.ts'
import { createTables } from './create-tables.ts'
import { ignoreOwnFiles } from './ignore-files.ts'
import { type JoinChoice, type SourceSetup, initSource } from './init-source.ts'
import { type HomeChoice, settleHome } from './settle-home.ts'
import { readSeedConfig } from './seed-config.ts'
import { type SourceArgument, addWords, writeConfig } from './write-config.ts'

/** How hooks start the program. */
export interface RecordedProgram {
  /** A command line for sh; empty where there is none that goes on working. */
  readonly command: string
  /** What the user has to know of it, in one sentence. */
  readonly note: string | undefined
}

export interface InitOptions {
  readonly sources: readonly SourceArgument[]
  readonly program: RecordedProgram
  /** Files of the scripts that this program replaced, to be taken over. */
  readonly from?: readonly string[]
  readonly choose: JoinChoice
  /** Asked about tables that HEAD's exports have and a database lacks; without it, none are made. */
  readonly review?: StructureReview
  /** Asked about fields that stay at home although every record needs them; without it, their collections are held. */
  readonly home?: HomeChoice
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
  const isConfigured = await exists(path.join(repository.root, CONFIG_FILE))
  const done = await (isConfigured ? correctConfig : writeConfig)(repository, options.sources, invocation.dryRun)
  if (!invocation.dryRun || isConfigured)
    for (const file of options.from ?? []) {
      const { words, notes } = await readSeedConfig(invocation.directory, file)
      done.push(...(await addWords(repository, words, invocation.dryRun)), ...notes)
    }
  if (invocation.dryRun && done.length > 0) return { done, hooks: [], sources: [] }
  try {
    return await setUp(invocation, repository, { options, done })
  } catch (error) {
    // what was written stays, whatever fails afterwards
    for (const line of done) invocation.say(line)
    throw error
  }
}

/** Sets up clone and databases by the configuration that is there now. Adds to `done` what it did. */
async function setUp(
  invocation: Invocation,
  repository: Repository,
  { options, done }: { readonly options: InitOptions; readonly done: string[] },
): Promise<InitResult> {
  const workspace = await workspaceOf(invocation, repository)
  const hooks = await (invocation.dryRun ? planHooks(repository, wantedHooks(workspace)) : undefined)
  if (hooks !== undefined) {
    await createMissing(workspace, options)
    return { done, hooks: hooks.hooks, sources: [] }
  }
  done.push(...(await setUpClone(workspace, options)))
  const installed = await installHooks(repository, wantedHooks(workspace))
  await rememberByHand(repository)
  await registerDriver(repository)
  for (const config of workspace.config.sources) await approve(workspace, config)
  done.push(...(await approveOutward(workspace)))
  const approved = await workspaceOf(invocation, repository)
  done.push(...(await ignoreOwnFiles(approved)))
  await createMissing(approved, options)
  const trusted = await settled(invocation, repository, { done, home: options.home })
  const sources: SourceSetup[] = []
  for (const config of trusted.config.sources) sources.push(await initSource(trusted, config, options.choose))
  return { done, hooks: installed, sources }
}

/** The approved workspace, after the questions that its structure leaves open. */
async function settled(
  invocation: Invocation,
  repository: Repository,
  { done, home }: { readonly done: string[]; readonly home: HomeChoice | undefined },
): Promise<Workspace> {
  const workspace = await workspaceOf(invocation, repository)
  const answers = home === undefined ? [] : await settleHome(workspace, home)
  if (answers.length === 0) return workspace
  done.push(...answers)
  const changed = await workspaceOf(invocation, repository)
  for (const config of changed.config.sources) await approve(changed, config)
  return workspaceOf(invocation, repository)
}

/** Where `init` could only print the lines for a folder that others share, it is the user's choice whether they are added, and no later command asks again. */
async function rememberByHand(repository: Repository): Promise<void> {
  const home = await findHooksHome(repository)
  if (home.kind === 'outside') await setSetting(repository, 'hooksByHand', home.folder)
  else await removeSetting(repository, 'hooksByHand')
}

async function createMissing(workspace: Workspace, { review }: InitOptions): Promise<void> {
  if (review !== undefined) for (const config of workspace.config.sources) await createTables(workspace, config, review)
}

function wantedHooks(workspace: Workspace): typeof USUAL_HOOKS {
  const commit = workspace.config.exportOn.includes('commit')
  return commit ? [...USUAL_HOOKS, 'pre-commit', 'prepare-commit-msg'] : USUAL_HOOKS
}

/** @throws UsageError when a filter such as git-crypt's would be switched off for the exports without a word */
async function refuseFilter({ repository, config }: Workspace): Promise<void> {
  const filter = await filterAbove(repository, config.exports)
  if (filter === undefined) return
  const { message, hint } = filterProblem(filter, config.exports)
  throw new UsageError(message, { hint })
}

/** Settings, attributes and ignore files. @throws UsageError when git would not carry the exports */
async function setUpClone(workspace: Workspace, options: InitOptions): Promise<string[]> {
  const { repository, config, settings } = workspace
  await refuseFilter(workspace)
  const done: string[] = []
  const { branch } = await readHead(repository)
  if (config.branches === undefined && !settings.has('branch') && branch !== undefined) {
    await setSetting(repository, 'branch', branch)
    done.push(`branch ${branch} carries the data`)
  }
  const globs = config.branches ?? [settings.get('branch') ?? branch ?? '*']
  await writeBranches(repository.commonDir, globs)
  await setSetting(repository, 'command', options.program.command)
  if (options.program.note !== undefined) done.push(options.program.note)
  if (await writeAttributes(repository, config.exports))
    done.push(`wrote ${config.exports}/.gitattributes; it travels with the first data commit`)
  if (await mendPrettierignore(repository, config.exports)) done.push(`added ${config.exports}/ to .prettierignore`)
  const problems = await exportsProblems(repository, config.exports)
  if (problems.length > 0)
    throw new UsageError(problems.join('\n'), { hint: 'Correct that, then run tandem init again.' })
  return done
}
