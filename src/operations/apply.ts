/** `tandem apply`, and what the post-* hooks do: HEAD's exports → live, for every source. */
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { writeReconciled } from '../git/install/stub-state.ts'
import { restoreWaitingCopies } from '../git/waiting.ts'
import { clearDeadMarkers } from '../git/carry.ts'
import { clearDeadIndexLock } from '../git/index-lock.ts'
import { markUnsent } from './unpublished.ts'
import type { AllowedDeletes } from './guard.ts'
import type { CarryingHead } from './carrying.ts'
import type { StructureReview } from './apply-structure.ts'
import { heldLines, settle, type SettleOptions, type Settled } from './settle.ts'
import { withLockedSources, type Only, type SourceFailure } from './sources.ts'
import type { Workspace } from './workspace.ts'

export interface ApplyOptions {
  readonly head: CarryingHead
  readonly only: Only | undefined
  readonly allowed: AllowedDeletes
  /** What would take over two seconds is left to a run in the background, which the caller starts. */
  readonly mayDefer?: boolean
  /** A merge commit whose drops are taken over. */
  readonly acceptMerge?: string
  /** What `tandem undo` took back is brought in again. */
  readonly redo?: boolean
  /** How long to wait for a run of another clone in the same database. */
  readonly waitMs?: number
  /** Try again what this database refused, also where nothing moved. */
  readonly retry?: boolean
  /** Asked about additions to the structure that HEAD has; without it, none are made. */
  readonly review?: StructureReview
  /** Commits in which code and data are mixed are taken as they are. */
  readonly takeMixed?: boolean
}

export interface ApplyResult {
  readonly settled: readonly Settled[]
  readonly failures: readonly SourceFailure[]
  /** One line for each held collection. */
  readonly held: readonly string[]
}

/** Applies every source; one that fails does not stop the others. */
export async function applyAll(workspace: Workspace, options: ApplyOptions): Promise<ApplyResult> {
  await tidyUp(workspace)
  return withLockedSources(workspace, options, {
    each: (source) => settle(workspace, source, settleOptions(options)),
    after: async (settled, failures) => {
      const held: string[] = []
      for (const { source, plan } of settled) held.push(...(await heldLines(workspace, source.source, plan)))
      const deferred = settled.some(({ plan }) => plan.deferred)
      const whole = failures.length === 0 && held.length === 0 && options.only === undefined && !deferred
      if (whole && !workspace.invocation.dryRun) await writeReconciled(workspace.repository.commonDir, options.head)
      return { settled, failures, held }
    },
  })
}

function settleOptions({ head, only, ...options }: ApplyOptions): SettleOptions {
  const collection = only?.collection
  return { ...options, head: head.commit, ...(collection !== undefined && { collection }) }
}

/** Passing files of ours: an index, blobs, a file about to be renamed. */
const PASSING = /^(index-\d+(\.lock)?|blobs-\w+|file-\d+|waiting-\d+|lock\..+|\w[\w-]*(\.json)?\.\d+)$/
const LEFT_MS = 3_600_000

/** Removes passing files that no run can still be using. */
async function removeLeftovers({ dataDir, invocation }: Workspace): Promise<void> {
  for (const name of await readdir(dataDir).catch(() => [])) {
    if (!PASSING.test(name)) continue
    const file = path.join(dataDir, name)
    const entry = await stat(file).catch(() => undefined)
    if (entry !== undefined && invocation.nowMs() - entry.mtimeMs > LEFT_MS)
      await rm(file, { recursive: true, force: true })
  }
}

/** What killed runs may have left. */
export async function tidyUp(workspace: Workspace): Promise<void> {
  if (workspace.invocation.dryRun) return
  await clearDeadIndexLock(workspace.repository)
  for (const marker of await clearDeadMarkers(workspace.repository)) await markUnsent(workspace, marker)
  await removeLeftovers(workspace)
  await restoreWaitingCopies(workspace.repository)
}
