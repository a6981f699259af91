/** `tandem apply`, and what the post-* hooks do: HEAD's exports → live, for every source. With `--accept-merge`, a merge commit that a person names is taken as it stands. */
import type { Consent } from '../model/consent.ts'
import { commitAt, commitNamed, isAncestor } from '../git/history/commits.ts'
import { writeReconciled } from '../git/install/stub-state.ts'
import { UsageError } from '../model/errors.ts'
import { type BringInStepOptions, type InStep, bringInStep } from '../pull/bring-in-step.ts'
import { heldLines } from '../pull/lines.ts'
import type { StructureReview } from '../schema/review.ts'
import type { Only } from '../source/only.ts'
import { type SourceFailure, withLockedSources } from '../source/sources.ts'
import type { CarryingHead } from '../workspace/carrying.ts'
import { tidyUp } from '../workspace/leftovers.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface ApplyOptions {
  readonly head: CarryingHead
  readonly only: Only | undefined
  readonly consent: Consent
  /** What would take too long for a hook is left to a run in the background, which the caller starts. */
  readonly mayDefer?: boolean
  /** How long to wait for a run of another clone in the same database. */
  readonly waitMs?: number
  /** Asked about additions to the structure that HEAD has; without it, none are made. */
  readonly review?: StructureReview
}

export interface ApplyResult {
  readonly inStep: readonly InStep[]
  readonly failures: readonly SourceFailure[]
  /** One line for each held collection. */
  readonly held: readonly string[]
}

/** Applies every source; one that fails does not stop the others. */
export async function applyAll(workspace: Workspace, options: ApplyOptions): Promise<ApplyResult> {
  await tidyUp(workspace)
  return withLockedSources(workspace, options, {
    each: (source) => bringInStep(workspace, source, optionsOf(options)),
    after: async (inStep, failures) => {
      const held: string[] = []
      for (const { source, plan } of inStep) held.push(...(await heldLines(workspace, source.source, plan)))
      const deferred = inStep.some(({ plan }) => plan.deferred)
      const whole = failures.length === 0 && held.length === 0 && options.only === undefined && !deferred
      if (whole && !workspace.invocation.dryRun) await writeReconciled(workspace.repository.commonDir, options.head)
      return { inStep, failures, held }
    },
  })
}

function optionsOf({ head, only, consent, mayDefer = false, review }: ApplyOptions): BringInStepOptions {
  return {
    head: head.commit,
    consent,
    mayDefer,
    ...(review !== undefined && { additions: { review, collection: only?.collection } }),
  }
}

/** The full id of a merge in HEAD's history. @throws UsageError for anything else */
export async function mergeCommitOf({ repository }: Workspace, name: string, head: string): Promise<string> {
  const id = await commitNamed(repository, name)
  if (id === undefined) throw new UsageError(`there is no commit ${name}`)
  const commit = await commitAt(repository, id)
  if (commit.parents.length !== 2)
    throw new UsageError(`${name} is no merge of two commits`, { hint: 'Merges: git log --merges' })
  if (!(await isAncestor(repository, id, head))) throw new UsageError(`${name} is not in HEAD's history`)
  return id
}
