/** From a git hook's name to what it does. */
import { writeBranches } from '../../git/install/stub-state.ts'
import { UsageError } from '../../model/errors.ts'
import type { Workspace } from '../workspace.ts'
import { preCommit, prepareCommitMessage } from './commit-export.ts'
import { prePush } from './pre-push.ts'
import { reconcileHook } from './reconcile-hook.ts'

export interface HookInput {
  readonly name: string
  readonly args: readonly string[]
  readonly standardInput: string
}

/** Runs one hook. @throws UsageError for a hook that this program has no part in */
export async function runHook(workspace: Workspace, input: HookInput): Promise<void> {
  await refreshBranches(workspace)
  const [first = '', second = ''] = input.args
  switch (input.name) {
    case 'pre-push':
      return prePush(workspace, { remote: first, url: second, lines: input.standardInput })
    case 'post-merge':
    case 'post-commit':
    case 'post-rewrite':
    case 'post-checkout':
      return reconcileHook(workspace, input.name)
    case 'pre-commit':
      return preCommit(workspace)
    case 'prepare-commit-msg':
      return prepareCommitMessage(workspace, first)
    default:
      throw new UsageError(`no hook of tandem's is called ${input.name}`)
  }
}

/** The stub decides by this list, without Node, on branches that carry nothing. */
async function refreshBranches(workspace: Workspace): Promise<void> {
  const own = workspace.settings.get('branch')
  const globs = workspace.config.branches ?? (own === undefined ? undefined : [own])
  if (globs !== undefined) await writeBranches(workspace.repository.commonDir, globs)
}
