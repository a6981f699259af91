/** What engines have in common in filling an empty table (`ApplyPlan.loads`): the order, the comparison of what was written with what is there, and the ordinary way to write it. */
import { type RecordText, textHash } from '../model/canonical.ts'
import type { ApplyPlan, Change, CollectionChanges, CollectionLoad, LiveRecord } from '../model/change.ts'

/** Thrown inside the transaction when tables cannot be filled as a whole: the plan is then applied record by record, which finds the record at fault. It never leaves the adapter. */
export class NotLoadable extends Error {}

/** The plan with its loads as changes, for engines and tables that have no faster way. Holds all records in memory. */
export async function withoutLoads({ loads = [], ...plan }: ApplyPlan): Promise<ApplyPlan> {
  const loaded: CollectionChanges[] = []
  for (const load of loads) loaded.push(await asChanges(load))
  return { ...plan, collections: [...plan.collections, ...loaded] }
}

async function asChanges({ selection, records }: CollectionLoad): Promise<CollectionChanges> {
  const changes: Change[] = []
  for await (const batch of records())
    for (const { key, text } of batch) changes.push({ key, before: undefined, after: text })
  return { selection, changes }
}

/** Parents before their children, as far as references do not go in circles. */
export function parentsFirst(loads: readonly CollectionLoad[]): CollectionLoad[] {
  const byName = new Map(loads.map((load) => [load.selection.schema.name, load]))
  const ordered = new Set<CollectionLoad>()
  const seen = new Set<CollectionLoad>()
  const add = (load: CollectionLoad): void => {
    if (seen.has(load)) return
    seen.add(load)
    for (const { to } of load.selection.schema.references) {
      const parent = byName.get(to)
      if (parent !== undefined) add(parent)
    }
    ordered.add(load)
  }
  for (const load of loads) add(load)
  return [...ordered]
}

/**
 * Number and sum of hashes of records, in whatever order they come. Two sets of records with the same number and sum are the same, but for a chance of one in 2^64; so a table
 * of any size is compared with what was written into it without being held in memory.
 */
export interface RecordSum {
  add(text: RecordText): void
  readonly count: number
  equals(other: RecordSum): boolean
  /** To be compared by `equals`. */
  readonly total: bigint
}

/** A sum of no records. */
export function recordSum(): RecordSum {
  let total = 0n
  let count = 0
  return {
    add(text) {
      total = BigInt.asUintN(64, total + textHash(text))
      count++
    },
    get count() {
      return count
    },
    get total() {
      return total
    },
    equals: (other) => other.count === count && other.total === total,
  }
}

/** Adds each record to the sum on its way. */
export async function* summed(
  batches: AsyncIterable<readonly LiveRecord[]>,
  sum: RecordSum,
): AsyncIterable<readonly LiveRecord[]> {
  for await (const batch of batches) {
    for (const { text } of batch) sum.add(text)
    yield batch
  }
}
