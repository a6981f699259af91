/** How many records came of a collection, whether as changes or as a whole. */
import type { ChangeCount } from '../model/change.ts'
import type { CollectionOutcome } from './plan.ts'

/** The records that were added, changed and removed in these collections. */
export function outcomeCount(outcomes: readonly CollectionOutcome[]): ChangeCount {
  const count = { added: 0, changed: 0, removed: 0 }
  for (const { changes, loaded = 0 } of outcomes) {
    count.added += loaded
    for (const { before, after } of changes) {
      if (before === undefined) count.added++
      else if (after === undefined) count.removed++
      else count.changed++
    }
  }
  return count
}

/** The sum of them. */
export function outcomeChanges(outcomes: readonly CollectionOutcome[]): number {
  return outcomes.reduce((sum, { changes, loaded = 0 }) => sum + changes.length + loaded, 0)
}
