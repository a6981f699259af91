/** The conditions under which data may move at all: attached to a carrying branch, not paused, not in the middle of something. Asked once at the start of every operation. */
import { operationInProgress, readHead } from '../git/head.ts'
import { UsageError } from '../model/errors.ts'
import { notCarrying, type Workspace } from './workspace.ts'

/** HEAD of a carrying branch. */
export interface CarryingHead {
  readonly commit: string
  readonly branch: string
  /** `refs/heads/main` */
  readonly ref: string
}

/** HEAD if it carries data, else why not, in words. */
export async function carryingHead(workspace: Workspace): Promise<CarryingHead | string> {
  const head = await readHead(workspace.repository)
  const reason = await notCarrying(workspace, head)
  if (reason !== undefined) return reason
  if (workspace.settings.has('paused')) return 'tandem is paused (tandem resume)'
  if (head.commit === undefined) return 'there is no commit yet'
  return { commit: head.commit, branch: head.branch as string, ref: `refs/heads/${head.branch}` }
}

/** @throws UsageError saying why data may not move here */
export async function requireCarrying(workspace: Workspace): Promise<CarryingHead> {
  const head = await carryingHead(workspace)
  if (typeof head !== 'string') return head
  throw new UsageError(`data not carried: ${head}`, {
    hint: workspace.settings.has('paused')
      ? 'Run: tandem resume'
      : 'Commit first, or switch to a branch that carries data (git config tandem.branch, or "branches" in the configuration).',
  })
}

/** @throws UsageError when git is in the middle of something that a commit would disturb */
export async function requireNoOperation(workspace: Workspace): Promise<void> {
  const operation = await operationInProgress(workspace.repository)
  if (operation === undefined) return
  throw new UsageError(`git is in the middle of ${operation}`, { hint: 'Finish or abort it first.' })
}
