/** The outcome `applied` of an engine that either writes a plan as it is or not at all, so that the plan itself says how much was written. */
import { type ApplyOutcome, type ApplyPlan, countOf } from '../model/change.ts'

/** The outcome with the counts of the plan. A change that leaves its record as it was is not counted. */
export function appliedOutcome({ collections }: Pick<ApplyPlan, 'collections'>): ApplyOutcome {
  const { added, changed, removed } = countOf(collections.flatMap(({ changes }) => changes))
  return { status: 'applied', inserted: added, updated: changed, deleted: removed }
}
