/** `tandem apply --apply-schema`: shows a person the additions to live's structure, and continues with them when the person agrees. */
import type { Source } from '../source/source.ts'
import { type StructurePlan, planStructure } from './plan-additions.ts'
import { withStructure } from './with-additions.ts'

/** Shows a plan that is not empty and returns true when the additions are to be made. */
export type StructureReview = (plan: StructurePlan) => Promise<boolean>

export interface ReviewOptions {
  readonly head: string
  readonly collection: string | undefined
  readonly review: StructureReview
}

/** The source with the agreed additions, which are made together with its next write (with-additions.ts); the source itself when there are none or the person did not agree. @throws DamagedError, UsageError, GuardError */
export async function withReviewedStructure(source: Source, options: ReviewOptions): Promise<Source> {
  const plan = await planStructure(source, options.head, options.collection)
  if (plan.changes.length === 0 && plan.refused.size === 0) return source
  const agreed = await options.review(plan)
  return agreed && plan.changes.length > 0 ? withStructure(source, plan.changes) : source
}
