/** `tandem mirror run`: the files of both sides, then a moment of each live database, then git's refs. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeAtomically } from '../../io/atomic-write.ts'
import { exists } from '../../io/exists.ts'
import { logLine } from '../../io/log.ts'
import { readConflicts } from '../../mirror/history.ts'
import { readMarker } from '../../mirror/marker.ts'
import {
  type DoneRun,
  type MirrorProblem,
  type MirrorRun,
  type PlannedRun,
  performRun,
  planRun,
} from '../../mirror/run.ts'
import { type MirrorState, readMirrorState } from '../../mirror/state.ts'
import { GuardError, TandemError } from '../../model/errors.ts'
import { asTandemError } from '../../source/sources.ts'
import { recordRun } from '../../workspace/runs.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { copyDatabases } from './databases.ts'
import { type MirrorClone, withMirror } from './place.ts'
import { pushRefs } from './refs.ts'

export interface MirrorOutcome {
  readonly planned: PlannedRun
  /** Undefined in a dry run. */
  readonly done: DoneRun | undefined
  readonly problems: readonly MirrorProblem[]
  /** Conflicts that wait for a person, also of earlier runs. */
  readonly open: Awaited<ReturnType<typeof readConflicts>>
}

/** The state of the pair. @throws GuardError before `mirror init` */
export async function pairState({ folder }: MirrorClone): Promise<MirrorState> {
  const state = await readMirrorState(folder)
  if (state !== undefined) return state
  throw new GuardError('this clone has no mirror yet, or its state is damaged', {
    hint: 'tandem mirror init makes the pair; it unites both sides and deletes nothing.',
  })
}

/** Plans, and does nothing. @throws UnreachableError, GuardError */
export async function planMirror(place: MirrorClone, run: MirrorRun): Promise<MirrorOutcome> {
  const planned = await planRun(place, await pairState(place), run)
  return { planned, done: undefined, problems: planned.problems, open: await readConflicts(place.folder) }
}

/** Does a run, and writes down how it ended. @throws UnreachableError, GuardError, LockedError, and what a disk says */
export async function runMirror(
  workspace: Workspace,
  place: MirrorClone,
  at: { readonly run: MirrorRun; readonly trigger: string; readonly waitMs: number },
): Promise<MirrorOutcome> {
  const { invocation } = workspace
  const started = new Date(invocation.nowMs()).toISOString()
  const record = (exitCode: number, message: string, figures: Record<string, number>): Promise<void> =>
    recordRun(workspace, 'mirror', {
      trigger: at.trigger,
      started,
      ended: new Date(invocation.nowMs()).toISOString(),
      exitCode,
      message,
      figures,
    })
  try {
    const outcome = await withMirror(place, at.waitMs, () => oneRun(workspace, place, at.run))
    const { done, problems, open } = outcome
    const steps = done?.done ?? []
    const message = `${steps.length} changes, ${open.length} conflicts, ${problems.length} problems`
    await record(problems.length + open.length > 0 ? 1 : 0, message, {
      steps: steps.length,
      conflicts: open.length,
      problems: problems.length,
      ...sizesOf(outcome),
    })
    if (steps.length + problems.length > 0) await logLine(workspace.dataDir, invocation.nowMs(), `mirror: ${message}`)
    return outcome
  } catch (error) {
    const failure = asTandemError(error)
    await record(failure.exitCode, failure.message, {})
    await logLine(workspace.dataDir, invocation.nowMs(), `ERROR mirror: ${failure.message}`)
    throw failure
  }
}

async function oneRun(workspace: Workspace, place: MirrorClone, run: MirrorRun): Promise<MirrorOutcome> {
  const state = await pairState(place)
  const planned = await planRun(place, state, run)
  const done = await performRun(place, state, { planned, run })
  const problems = [...done.problems]
  for (const [name, work] of [
    ['databases', () => copyDatabases(workspace, place)],
    ['repository', () => pushRefs(workspace, place)],
  ] as const)
    try {
      problems.push(...(await work()))
    } catch (error) {
      const { message } = asTandemError(error)
      problems.push({ path: name, message })
    }
  return { planned, done, problems, open: await readConflicts(place.folder) }
}

/** What each side has after the run; where steps were left out, what it had when it was read. */
function sizesOf({ planned: { scans, plan }, problems }: MirrorOutcome): Readonly<Record<string, number>> {
  const wanted = new Map([...plan.wanted].map(([name, { entry }]) => [name, entry]))
  const [primary, mirror] = [scans.primary, scans.mirror].map(({ tree }) =>
    [...(problems.length === 0 ? wanted : tree).values()]
      .filter(({ kind }) => kind === 'file')
      .map(({ sizeBytes }) => sizeBytes),
  ) as [number[], number[]]
  const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0)
  return {
    files: primary.length,
    sizeBytes: sum(primary),
    mirrorFiles: mirror.length,
    mirrorSizeBytes: sum(mirror),
  }
}

/** A series of commits, such as a rebase, is waited for. */
const [QUIET_MS, LONGEST_MS] = [3_000, 60_000]

async function untilQuiet(pending: string): Promise<void> {
  for (let waited = 0; (await exists(pending)) && waited < LONGEST_MS; waited += QUIET_MS) {
    await rm(pending, { force: true })
    await sleep(QUIET_MS)
  }
}

/** A commit in a linked work tree (git-worktree(1)), which is not the one that has a mirror. */
async function isElsewhere({ repository }: Workspace, { roots }: MirrorClone): Promise<boolean> {
  return repository.gitDir !== repository.commonDir && (await readMarker(roots.primary)) === undefined
}

/**
 * What the post-commit hook starts: at most one run at a time. A commit that comes during one leaves a file behind, for which the run that is at work goes through once more; so many
 * commits in a row lead to one or two runs.
 */
export async function runAfterCommit(workspace: Workspace, place: MirrorClone): Promise<MirrorOutcome | undefined> {
  if (await isElsewhere(workspace, place)) return undefined
  const pending = path.join(place.folder, 'pending')
  await writeAtomically(pending, '')
  let outcome: MirrorOutcome | undefined
  try {
    // the run at work looks for the file when it ends: whoever comes between that and the end of its lock waits for it
    while (await exists(pending)) {
      const run = { prefer: undefined, allowDeletes: 0 }
      outcome = await withMirror({ ...place, folder: path.join(place.folder, 'commits') }, 500, async () => {
        await untilQuiet(pending)
        return runMirror(workspace, place, { run, trigger: 'hook', waitMs: 60_000 })
      })
    }
  } catch (error) {
    if (error instanceof TandemError && error.code === 'locked') return undefined
    throw error
  }
  return outcome
}
