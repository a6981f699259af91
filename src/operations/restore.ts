/** `tandem restore --at REV`: live := what the exports said then. First a plan for people to look at, then, HEAD applied first, one guarded apply; the next export carries it as any other change. */
import { type Consent, NO_CONSENT } from '../model/consent.ts'
import { logLine } from '../io/log.ts'
import { GuardError } from '../model/errors.ts'
import { bringInStep } from '../pull/bring-in-step.ts'
import { type RestorePlan, planRestore } from '../restore/plan-restore.ts'
import { revisionOf } from '../restore/revision.ts'
import { applySafely } from '../safety/apply-safely.ts'
import { refusedWords } from '../safety/refused.ts'
import { refuseUndone } from '../safety/undone.ts'
import type { Only } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { inOneSource } from '../source/sources.ts'
import { expectedEntries } from '../source/sync-state.ts'
import type { CarryingHead } from '../workspace/carrying.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface RestoreOptions {
  readonly at: string
  readonly only: Only | undefined
  readonly collection: string | undefined
  readonly key: string | undefined
  readonly consent: Consent
  readonly head: CarryingHead
}

/** What would be restored, as things are now. @throws UsageError, GuardError, DamagedError, UnreachableError */
export async function previewRestore(workspace: Workspace, options: RestoreOptions): Promise<RestorePlan> {
  const looking = { ...workspace, invocation: { ...workspace.invocation, dryRun: true } }
  return inOneSource(looking, { only: options.only, verb: 'restore' }, async (source) => {
    await refuseUndone(workspace, source)
    return planFor(source, options)
  })
}

/** Restores. @throws GuardError when a guard, structure or foreign keys forbid it; LockedError when records changed meanwhile: nothing is changed then */
export async function restore(workspace: Workspace, options: RestoreOptions): Promise<RestorePlan> {
  return inOneSource(workspace, { only: options.only, verb: 'restore' }, async (source) => {
    // else what HEAD brings would be merged with the restored records as if both were new
    await bringInStep(workspace, source, { head: options.head.commit, consent: NO_CONSENT })
    const plan = await planFor(source, options)
    if (plan.refused.length > 0) throw new GuardError(plan.refused.join('; '))
    if (plan.collections.length === 0) return plan
    const names = plan.collections.map(({ selection }) => selection.schema.name)
    const outcome = await applySafely(workspace, source, {
      kind: 'restore',
      plan: {
        collections: plan.collections,
        state: new Map(),
        expectedState: expectedEntries(plan.live.state, names),
      },
      before: plan.live.actual,
      state: plan.live.state,
    })
    if (outcome.status !== 'applied') throw refusedWords(source, outcome)
    const { commit } = plan.revision
    await logLine(workspace.dataDir, workspace.invocation.nowMs(), `restored ${source.source} to ${commit}`)
    return plan
  })
}

async function planFor(source: Source, options: RestoreOptions): Promise<RestorePlan> {
  const { collection, key, consent, only } = options
  const revision = await revisionOf(source, options.at)
  return planRestore(source, { revision, collection: collection ?? only?.collection, key, consent })
}
