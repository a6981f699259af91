/** `tandem apply --apply-schema`: shows what would be added to a structure, and goes on with it once somebody agreed. */
import type { Source } from './source.ts'
import { planStructure, type StructurePlan } from './plan-structure.ts'
import { withStructure } from './with-structure.ts'

/** Asked with every plan that says anything; true: make the additions. */
export type StructureReview = (plan: StructurePlan) => Promise<boolean>

export interface ReviewOptions {
  readonly head: string
  readonly collection: string | undefined
  readonly review: StructureReview
}

/** The source as it is or, once agreed, as it will be when the additions are made with the next write. @throws DamagedError, UsageError, GuardError */
export async function withReviewedStructure(source: Source, options: ReviewOptions): Promise<Source> {
  const plan = await planStructure(source, options.head, options.collection)
  if (plan.changes.length === 0 && plan.refused.size === 0) return source
  const agreed = await options.review(plan)
  return agreed && plan.changes.length > 0 ? withStructure(source, plan.changes) : source
}
