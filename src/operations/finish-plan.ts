/** A reconciliation's plan from what was read and merged: what is written into live, which sync points move, what is set aside. Reads git only where the database refused something. */
import type { Change, CollectionChanges, StateChanges } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import type { Holds } from './holds.ts'
import type { Records } from './live.ts'
import type { MergeablePast } from './merge-live.ts'
import type { Refusals } from './answer-refusals.ts'
import type { StoredReport } from './make-report.ts'
import { placeChanges, type Placed } from './place-changes.ts'
import { prepareReconciliation, type PlanOptions, type Prepared } from './plan-reconcile.ts'
import type { Source } from './source.ts'
import { expectedEntries } from './sync-state.ts'
import { withheldName, withheldText } from './withheld.ts'
import type { Workspace } from './workspace.ts'

/** What came, or is to come, of one collection whose exports had moved on, or that was drawn in by one that had. */
export interface CollectionOutcome {
  readonly name: string
  readonly past: MergeablePast
  readonly before: Records
  readonly changes: readonly Change[]
  readonly decisions: readonly Decision[]
}

export interface ReconcilePlan {
  /** Too much for a hook to wait for: nothing was written, a run in the background does it. */
  readonly deferred?: true
  readonly head: string
  readonly outcomes: readonly CollectionOutcome[]
  readonly holds: Holds
  /** Records to set aside with what is applied: kept in the database by the same transaction, carried by the next data commit. */
  readonly quarantined: readonly Quarantined[]
  /** Records that leave the quarantine, since they are placed now. */
  readonly released: readonly Quarantined[]
  readonly changes: readonly CollectionChanges[]
  readonly state: StateChanges
  readonly expected: StateChanges
  /** The state texts that the plan was made from. */
  readonly read: ReadonlyMap<string, string>
  /** What was said of it, once it has come to pass. */
  readonly report?: StoredReport | undefined
}

/** Plans one reconciliation of a source with `options.head`. @throws DamagedError when an export that has to be read is damaged */
export async function planReconciliation(
  workspace: Workspace,
  source: Source,
  options: PlanOptions,
): Promise<ReconcilePlan> {
  return finishPlan(source, await prepareReconciliation(workspace, source, options), new Map())
}

/** The plan without what the database refused so far. */
export async function finishPlan(source: Source, prepared: Prepared, refusals: Refusals): Promise<ReconcilePlan> {
  const { plan, sound, holds, points } = prepared
  const placed = await placeChanges(source, { ...prepared, refusals })
  const outcomes = outcomesOf(prepared, placed)
  const changes = outcomes.flatMap(({ name, changes: list }): CollectionChanges[] =>
    list.length === 0 ? [] : [{ selection: source.selections.get(name) as Selection, changes: list }],
  )
  changes.push(...prepared.unexported)
  const withheld = withheldState(prepared, placed)
  const expected = new Map(expectedEntries(prepared.state, sound.parts.keys()))
  for (const name of withheld.keys()) expected.set(name, prepared.state.get(name))
  const quarantined = [...prepared.quarantined, ...sound.quarantined, ...placed.quarantined]
  const { released } = placed
  const state = new Map([...points, ...withheld])
  return { head: plan.head, outcomes, holds, quarantined, released, changes, state, expected, read: prepared.state }
}

/** Collections that HEAD moved, and those drawn in that have something to change or to tell. */
function outcomesOf({ sound, decisions }: Prepared, placed: Placed): CollectionOutcome[] {
  return [...sound.parts].flatMap(([name, { past, actual }]) => {
    const decided = [...sound.decisions, ...placed.decisions].filter(({ collection }) => collection === name)
    const outcome = { name, past, before: actual, changes: placed.changes.get(name) ?? [] }
    const isSilent = !decisions.has(name) && outcome.changes.length + decided.length === 0
    return isSilent ? [] : [{ ...outcome, decisions: [...(decisions.get(name) ?? []), ...decided] }]
  })
}

function withheldState({ state }: Prepared, { withheld }: Placed): Map<string, string | undefined> {
  const entries = [...withheld].map(([name, records]) => [withheldName(name), withheldText(records)] as const)
  return new Map(entries.filter(([name, text]) => state.get(name) !== text))
}
