/** From a git hook's name to what it does. */
import { readMarker, removeMarker } from '../../git/carry.ts'
import { unexcludeHook } from '../../git/info-exclude.ts'
import { writeBranches } from '../../git/install/stub-state.ts'
import { UsageError } from '../../model/errors.ts'
import { finishDeadPushes, finishPush } from '../../push/finish-push.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { reconcileHook } from './post.ts'
import { preCommit, prepareCommitMessage } from './pre-commit.ts'
import { prePush } from './pre-push.ts'

export interface HookInput {
  readonly name: string
  readonly args: readonly string[]
  readonly standardInput: string
}

/** Runs one hook. @throws UsageError for a hook that this program has no part in */
export async function runHook(workspace: Workspace, input: HookInput): Promise<void> {
  await refreshBranches(workspace)
  const finished = input.name !== 'pushed' && (await finishDeadPushes(workspace))
  // git has compared the branch as it was before with the remote
  if (finished && input.name === 'pre-push') workspace.invocation.say('if git refuses this push: git push again')
  const [first = '', second = ''] = input.args
  switch (input.name) {
    case 'pre-push':
      return prePush(workspace, { remote: first, url: second, lines: input.standardInput })
    case 'post-merge':
    case 'post-commit':
    case 'post-rewrite':
    case 'post-checkout':
      return reconcileHook(workspace, input.name)
    case 'pushed':
      return finishNamedPush(workspace, first)
    case 'pre-commit':
      return preCommit(workspace)
    case 'prepare-commit-msg':
      return prepareCommitMessage(workspace, first)
    default:
      throw new UsageError(`no hook of tandem's is called ${input.name}`)
  }
}

/** The last step of a push, started by the hook that pushed the data commit. */
async function finishNamedPush(workspace: Workspace, markerFile: string): Promise<void> {
  const marker = await readMarker(markerFile)
  if (marker === undefined) return
  const line = await finishPush(workspace, marker)
  await removeMarker(workspace.repository, marker)
  await unexcludeHook(workspace.repository)
  if (line !== undefined) workspace.invocation.say(line)
}

/** The stub decides by this list, without Node, on branches that carry nothing. */
async function refreshBranches(workspace: Workspace): Promise<void> {
  const own = workspace.settings.get('branch')
  const globs = workspace.config.branches ?? (own === undefined ? undefined : [own])
  if (globs !== undefined) await writeBranches(workspace.repository.commonDir, globs)
}
