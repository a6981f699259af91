/** What post-merge, post-commit, post-rewrite and post-checkout do: HEAD's exports → live, if HEAD is attached to a carrying branch. They differ in nothing else. */
import { NO_CONSENT } from '../../model/consent.ts'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { readHead } from '../../git/head.ts'
import { commitAt, isAncestor } from '../../git/history/commits.ts'
import type { Repository } from '../../git/repository.ts'
import { changeWords } from '../../pull/lines.ts'
import { startBackgroundApply } from '../../workspace/background.ts'
import { carryingHead } from '../../workspace/carrying.ts'
import type { SourceFailure } from '../../source/sources.ts'
import { putIntoQueue, takeFromQueue } from '../../workspace/queue.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { applyAll } from '../apply.ts'
import { record } from '../recorded.ts'
import { failureLines } from './failure-lines.ts'

/** Runs a post-* hook; everything worth knowing goes out through `say`. */
export async function reconcileHook(workspace: Workspace, name: string): Promise<void> {
  const started = workspace.invocation.nowMs()
  const head = await carryingHead(workspace)
  if (typeof head === 'string') return
  if (name === 'post-merge') await endMergeState(workspace.repository)
  if (name === 'post-commit') await tellOfAmendedData(workspace)
  const result = await applyAll(workspace, { head, only: undefined, consent: NO_CONSENT, mayDefer: true })
  const { say } = workspace.invocation
  for (const inStep of result.inStep) for (const line of changeWords(inStep)) say(line)
  if (result.inStep.some(({ plan }) => plan.deferred)) await startBackgroundApply(workspace)
  for (const line of [...result.held, ...failureLines(result.failures, 'apply')]) say(line)
  await queueApply(workspace, result.failures)
  if (name === 'post-merge' || name === 'post-rewrite')
    await record(workspace, 'pull', { started, ...endOf(result.failures) })
}

/** How the record of a hook says that it ended. */
export function endOf([failure]: readonly SourceFailure[]): { readonly exitCode: number; readonly message: string } {
  return { exitCode: failure?.error.exitCode ?? 0, message: failure?.error.message ?? 'done' }
}

/** A database that was down is brought in step by the next hook, or from the queue. */
async function queueApply(workspace: Workspace, failures: readonly SourceFailure[]): Promise<void> {
  const failure = failures.find(({ error }) => error.exitCode === 3)
  if (failure === undefined) {
    if (failures.length === 0) await takeFromQueue(workspace, 'apply')
    return
  }
  const { exitCode, message } = failure.error
  const at = { nowMs: workspace.invocation.nowMs(), attempts: workspace.config.queue.attempts }
  await putIntoQueue(workspace, { name: 'apply', kind: 'again', exitCode, message }, at)
}

/** An amended data commit holds code and data from then on; how to part them again is said. (post-commit comes before post-rewrite, and knows it from the reflog.) */
async function tellOfAmendedData(workspace: Workspace): Promise<void> {
  const { repository, invocation } = workspace
  const subject = await repository.git(['reflog', '--max-count=1', '--format=%gs', 'HEAD'], { answers: [128] })
  if (!subject.startsWith('commit (amend)')) return
  const old = await commitAt(repository, 'HEAD@{1}').catch(() => undefined)
  if (old?.exportId === undefined) return
  const short = old.id.slice(0, 7)
  invocation.say(
    `you amended data commit ${short}; to keep code and data apart: git reset --soft ${short} && git commit`,
  )
}

/**
 * Ctrl-C in post-merge leaves git "still merging" although the merge commit exists, and the next pull is fatal. So the state is removed first, by hand: `git merge
 * --quit` would move the autostash.
 */
async function endMergeState(repository: Repository): Promise<void> {
  const merged = await readFile(path.join(repository.gitDir, 'MERGE_HEAD'), 'utf8').catch(() => undefined)
  const { commit } = await readHead(repository)
  if (merged === undefined || commit === undefined) return
  for (const id of merged.trim().split('\n')) if (!(await isAncestor(repository, id, commit))) return
  for (const file of ['MERGE_HEAD', 'MERGE_MODE', 'MERGE_MSG'])
    await rm(path.join(repository.gitDir, file), { force: true })
}
