/** Makes one data commit, moves the branch to it, and then the sync points. Order: candidate into the databases, commit, branch, sync points. */
import { logLine } from '../io/log.ts'
import { committedPending } from '../quarantine/files.ts'
import { expectedPending } from '../quarantine/pending.ts'
import { dueMarks, markEntries } from '../source/marks.ts'
import { candidateEntry, expectedEntries, pointEntry, readSyncState } from '../source/sync-state.ts'
import { markReplaceable } from '../workspace/unpublished.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { bringDataCommit } from './bring-commit.ts'
import { finishCommit } from './finish-commit.ts'
import { type CommitOptions, type ExportCommit, makeDataCommit } from './make-commit.ts'
import type { PlannedSource } from './plan-export.ts'

/**
 * Commits what the plans write, and waiting reports; undefined when there is nothing to commit.
 * @throws GuardError when the clocks are too far apart, or the exports hold somebody else's changes; LockedError when the index is in use
 */
export async function commitExports(
  workspace: Workspace,
  planned: readonly PlannedSource[],
  options: CommitOptions,
): Promise<ExportCommit | undefined> {
  const { head } = options
  const made = await makeDataCommit(workspace, planned, options)
  if (made === undefined) {
    await movePoints(planned, head.commit)
    return undefined
  }
  const { commit, parent, summary } = made
  const contents = new Map(planned.flatMap(({ plan }) => plan.collections.flatMap(({ writes }) => [...writes])))
  await bringDataCommit(workspace, { ref: head.ref, from: head.commit, commit, contents })
  await movePoints(planned, commit)
  await finishCommit(
    workspace,
    planned.map(({ source }) => source),
    commit,
  )
  if (options.replace === true) await markReplaceable(workspace, commit)
  await logLine(workspace.dataDir, workspace.invocation.nowMs(), `data commit ${commit} on ${parent}: ${summary}`)
  return made
}

/**
 * Makes the commit for a push that is going on, and leaves the branch where it is: `finishPush` moves it when the remote has the commit.
 * @throws as commitExports
 */
export async function prepareCommit(
  workspace: Workspace,
  planned: readonly PlannedSource[],
  options: CommitOptions,
): Promise<ExportCommit | undefined> {
  const made = await makeDataCommit(workspace, planned, options)
  if (made === undefined) await movePoints(planned, options.head.commit)
  return made
}

/** Moves the sync points of the exported collections, where they are not there yet. */
async function movePoints(planned: readonly PlannedSource[], commit: string): Promise<void> {
  for (const { source, plan } of planned) {
    const state = await source.adapter.readState()
    const { points, candidate } = readSyncState(state)
    const names = plan.collections.map(({ name }) => name).filter((name) => points.get(name)?.commit !== commit)
    const changes = new Map<string, string | undefined>(candidate === undefined ? [] : [candidateEntry(undefined)])
    for (const name of names) changes.set(...pointEntry(name, points.get(name), commit))
    const due = candidate === undefined ? dueMarks(plan.marks) : new Map<string, never>()
    const marked = plan.collections.map(({ name }) => name).filter((name) => due.has(name))
    for (const entry of markEntries(state, { commit, collections: marked, marks: due })) changes.set(...entry)
    const pending = await committedPending(source, commit, state)
    if (pending !== undefined) changes.set(...pending)
    const expected = new Map([...expectedEntries(state, names), expectedPending(state)])
    if (changes.size > 0) await source.adapter.writeState(changes, expected)
  }
}
