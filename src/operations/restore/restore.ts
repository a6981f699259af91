/** `tandem restore --at REV`: live := what the exports said then. First a plan for people to look at, then, HEAD applied first, one guarded apply; the next export carries it as any other change. */
import { GuardError } from '../../model/errors.ts'
import { logLine } from '../../io/log.ts'
import type { CarryingHead } from '../carrying.ts'
import type { AllowedDeletes } from '../guard.ts'
import { inOneSource } from '../one-source.ts'
import { applySafely } from '../safety/apply-safely.ts'
import { refusedWords } from '../safety/refused.ts'
import { refuseUndone } from '../safety/undone.ts'
import { settle } from '../settle.ts'
import type { Source } from '../source.ts'
import type { Only } from '../sources.ts'
import { expectedEntries } from '../sync-state.ts'
import type { Workspace } from '../workspace.ts'
import { planRestore, type RestorePlan } from './plan-restore.ts'
import { revisionOf } from './revision.ts'

export interface RestoreOptions {
  readonly at: string
  readonly only: Only | undefined
  readonly collection: string | undefined
  readonly key: string | undefined
  readonly allowed: AllowedDeletes
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
    await settle(workspace, source, { head: options.head.commit, allowed: new Map() })
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
  const { collection, key, allowed, only } = options
  const revision = await revisionOf(source, options.at)
  return planRestore(source, { revision, collection: collection ?? only?.collection, key, allowed })
}
