/** Applies a plan atomically: in one transaction if the server has transactions and the plan is small enough, otherwise under the journal. */
import type { ApplyOutcome, ApplyPlan, StateChanges } from '../../model/change.ts'
import { withoutLoads } from '../loads.ts'
import type { MongoConnection } from './connect.ts'
import { applyUnderJournal } from './journaled.ts'
import { recover } from './recover.ts'
import { applyInTransaction } from './transaction.ts'

/** A larger transaction may exceed the server's limit of 60 seconds or its cache (MongoDB manual, "Production Considerations" of transactions). */
const MAX_TRANSACTION_CHANGES = 1000

/** The sum of the lengths of all texts before and after. */
const MAX_TRANSACTION_CHARACTERS = 16 * 1024 * 1024

/** See `Adapter.apply`. Additions to the structure are not made here but by `changeStructure`, as MongoDB cannot make them in a transaction. */
export async function applyPlan(connection: MongoConnection, plan: ApplyPlan): Promise<ApplyOutcome> {
  if ((plan.loads ?? []).length > 0) return await applyPlan(connection, await withoutLoads(plan))
  await recover(connection)
  if (connection.transactions && fitsTransaction(plan)) return await applyInTransaction(connection, plan)
  return await applyUnderJournal(connection, plan)
}

function fitsTransaction({ collections }: ApplyPlan): boolean {
  const changes = collections.flatMap((collection) => collection.changes)
  const characters = changes.reduce((sum, { before, after }) => sum + (before?.length ?? 0) + (after?.length ?? 0), 0)
  return changes.length <= MAX_TRANSACTION_CHANGES && characters <= MAX_TRANSACTION_CHARACTERS
}

/** Writes state texts if all of `expectedState` are still so; otherwise writes nothing and returns false. It applies a plan without changes to records. */
export async function applyState(
  connection: MongoConnection,
  state: StateChanges,
  expectedState: StateChanges,
): Promise<boolean> {
  return (await applyPlan(connection, { collections: [], state, expectedState })).status === 'applied'
}
