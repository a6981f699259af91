/** Checks, at the start of every operation, whether data may be exported or applied at all: HEAD is on a branch that carries data, the tool is not paused, and git is not in the middle of a merge or rebase. */
import { branchCarries } from '../config/match.ts'
import { type Head, operationInProgress, readHead } from '../git/head.ts'
import { UsageError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

/** Why this HEAD does not carry data, in words; undefined when it does. */
export async function notCarrying(workspace: Workspace, head: Head): Promise<string | undefined> {
  if (workspace.repository.isSubmodule) return 'this is a submodule'
  if (head.branch === undefined) return 'HEAD is detached'
  const own = workspace.settings.get('branch')
  const globs = workspace.config.branches ?? (own === undefined ? [head.branch] : [own])
  if (branchCarries(globs, head.branch)) return undefined
  return `branch ${head.branch} does not carry data (${globs.join(', ')} ${globs.length > 1 ? 'do' : 'does'})`
}

/** HEAD of a carrying branch. */
export interface CarryingHead {
  readonly commit: string
  readonly branch: string
  /** `refs/heads/main` */
  readonly ref: string
}

/** HEAD if data may move here, else the reason in words. */
export async function carryingHead(workspace: Workspace): Promise<CarryingHead | string> {
  const head = await readHead(workspace.repository)
  const reason = await notCarrying(workspace, head)
  if (reason !== undefined) return reason
  if (workspace.settings.has('paused')) return 'tandem is paused (tandem resume)'
  if (head.commit === undefined) return 'there is no commit yet'
  return { commit: head.commit, branch: head.branch as string, ref: `refs/heads/${head.branch}` }
}

/**
 * HEAD, which carries data.
 * @throws UsageError with the reason when data may not move here
 */
export async function requireCarrying(workspace: Workspace): Promise<CarryingHead> {
  const head = await carryingHead(workspace)
  if (typeof head !== 'string') return head
  throw new UsageError(`data not carried: ${head}`, { hint: (await carryingStep(workspace)) ?? 'Try again.' })
}

/** What makes HEAD carry data, in words; undefined when it does. */
export async function carryingStep(workspace: Workspace): Promise<string | undefined> {
  const { repository, config, settings } = workspace
  if (repository.isSubmodule) return 'Set tandem up in a clone of its own: git clone URL, then tandem init there.'
  const head = await readHead(repository)
  const globs = config.branches ?? [settings.get('branch') ?? 'BRANCH']
  const [glob = 'BRANCH'] = globs.filter((each) => !/[*?[\]{}!]/.test(each))
  if (head.branch === undefined) return `Switch to a branch that carries data: git switch ${glob}`
  if ((await notCarrying(workspace, head)) !== undefined)
    return `Switch to a branch that carries data: git switch ${glob}; or name this one in "branches" of tandem.config.json, then: tandem init`
  if (settings.has('paused')) return 'Run: tandem resume && tandem apply'
  if (head.commit === undefined) return 'Commit first: git add . && git commit, then: git push'
  return undefined
}

/** @throws UsageError when git is in the middle of an operation (merge, rebase, …) that a commit would disturb */
export async function requireNoOperation(workspace: Workspace): Promise<void> {
  const operation = await operationInProgress(workspace.repository)
  if (operation === undefined) return
  throw new UsageError(`git is in the middle of ${operation}`, { hint: 'Finish or abort it first.' })
}
