/**
 * The last step of a push that carries data: the remote has the data commit, so branch, index and work tree move to it, and the sync points follow. A push that was killed
 * before this step is finished by the next hook or command.
 */
import { type PushMarker, deadMarkers, removeMarker } from '../git/carry.ts'
import { clearDeadIndexLock } from '../git/index-lock.ts'
import { commitNamed, isAncestor } from '../git/history/commits.ts'
import { writeReconciled } from '../git/install/stub-state.ts'
import { logLine } from '../io/log.ts'
import { committedPending } from '../quarantine/files.ts'
import { expectedPending } from '../quarantine/pending.ts'
import type { Source } from '../source/source.ts'
import { withLockedSources } from '../source/sources.ts'
import { promoteCandidate } from '../sync-point/candidate.ts'
import { type CarryingHead, carryingHead, requireCarrying } from '../workspace/carrying.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { bringDataCommit } from './bring-commit.ts'
import { finishCommit } from './finish-commit.ts'

/** Answers a line for people where the branch could not be moved; undefined when all is done. @throws LockedError when the index is in use */
export async function finishPush(workspace: Workspace, marker: PushMarker): Promise<string | undefined> {
  const head = await carryingHead(workspace)
  const { sent, data, branch } = marker
  if (typeof head === 'string' || head.ref !== branch || ![sent, data].includes(head.commit))
    return `data commit ${data.slice(0, 7)} is on ${marker.remote}; your branch has moved on meanwhile: git pull brings it`
  if (head.commit === sent) await bringDataCommit(workspace, { ref: branch, from: sent, commit: data })
  await logLine(
    workspace.dataDir,
    workspace.invocation.nowMs(),
    `data commit ${data} on ${sent}: pushed to ${marker.remote}`,
  )
  const failures = await withLockedSources(
    workspace,
    { only: undefined },
    {
      each: async (source) => {
        await promoteCandidate(source, data)
        await settleQuarantine(source, data)
        return source
      },
      after: async (sources, failed) => {
        await finishCommit(workspace, sources, data)
        return failed
      },
    },
  )
  // a source that could not be asked now keeps its candidate, which the next run finds in the branch
  if (failures.length === 0 && marker.isWhole)
    await writeReconciled(workspace.repository.commonDir, { commit: data, branch: head.branch })
  return undefined
}

/** What waited for a data commit to carry it into the quarantine is carried. */
async function settleQuarantine(source: Source, commit: string): Promise<void> {
  const state = await source.adapter.readState()
  const pending = await committedPending(source, commit, state)
  if (pending !== undefined) await source.adapter.writeState(new Map([pending]), new Map([expectedPending(state)]))
}

/** HEAD of a branch that carries data, once killed pushes are finished. With this clone's lock held. @throws UsageError when data may not move here */
export async function settledHead(workspace: Workspace): Promise<CarryingHead> {
  await finishDeadPushes(workspace)
  return requireCarrying(workspace)
}

/** Finishes pushes that were killed after the remote had their data commit; true when the branch may have moved. To be called before anything is decided by HEAD, with this clone's lock held. */
export async function finishDeadPushes(workspace: Workspace): Promise<boolean> {
  let finished = false
  if (workspace.invocation.dryRun) return finished
  for (const marker of await deadMarkers(workspace.repository)) {
    await clearDeadIndexLock(workspace.repository)
    if (await hasArrived(workspace, marker)) {
      const line = await finishPush(workspace, marker)
      workspace.invocation.say(line ?? finishedLine(marker))
      finished = true
    }
    await removeMarker(workspace.repository, marker)
  }
  return finished
}

/** For people: why the branch has moved. */
function finishedLine({ data, remote, branch }: PushMarker): string {
  const short = data.slice(0, 7)
  return `an earlier push was cut off after ${remote} had its data commit ${short}: ${branch.replace('refs/heads/', '')} has it now`
}

/** True when the tracking branch shows that the remote has the data commit. */
async function hasArrived({ repository }: Workspace, { tracking, data }: PushMarker): Promise<boolean> {
  const tip = await commitNamed(repository, tracking)
  return tip !== undefined && isAncestor(repository, data, tip)
}
