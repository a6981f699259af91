/** A reconciliation's plan from what was read and merged: what is written into live, which sync points move, what is set aside. Reads git only where the database refused something. */
import type { CollectionChanges } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import type { Source } from '../source/source.ts'
import { expectedEntries } from '../source/sync-state.ts'
import { withheldName, withheldText } from '../source/withheld.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type Placed, placeChanges } from './constraints/place-changes.ts'
import type { Refusals } from './constraints/refusals.ts'
import { planOfNothing, readIncoming } from './incoming/incoming.ts'
import { inParts } from './incoming/read-mergeable.ts'
import { type Prepared, prepareReconciliation } from './make-plan.ts'
import type { CollectionOutcome, PlanOptions, ReconcilePlan } from './plan.ts'

/** Plans one reconciliation of a source with `options.head`. @throws DamagedError when an export that has to be read is damaged */
export async function planReconciliation(
  workspace: Workspace,
  source: Source,
  options: PlanOptions,
): Promise<ReconcilePlan> {
  const incoming = await readIncoming(source, options)
  const nothing = planOfNothing(incoming, options)
  if (nothing !== undefined) return nothing
  return inParts(async (whole) => {
    const prepared = await prepareReconciliation(workspace, source, { incoming, options: { ...options, whole } })
    return finishPlan(source, prepared, new Map())
  })
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
