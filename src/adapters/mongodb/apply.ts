/** Performs a plan atomically: in one transaction where there are any and the plan is small enough, else under the journal. */
import type { ApplyOutcome, ApplyPlan, StateChanges } from '../../model/change.ts'
import type { Connection } from './connect.ts'
import { applyUnderJournal } from './journaled.ts'
import { recover } from './recover.ts'
import { applyInTransaction } from './transaction.ts'

/** Beyond either, a transaction may outlive the server's 60 seconds or its cache (manual, "Production Considerations"). */
const MAX_TRANSACTION_CHANGES = 1000
const MAX_TRANSACTION_CHARACTERS = 16 * 1024 * 1024

/** See `Adapter.apply`. */
export async function applyPlan(connection: Connection, plan: ApplyPlan): Promise<ApplyOutcome> {
  await recover(connection)
  if (connection.transactions && fitsTransaction(plan)) return await applyInTransaction(connection, plan)
  return await applyUnderJournal(connection, plan)
}

function fitsTransaction({ collections }: ApplyPlan): boolean {
  const changes = collections.flatMap((collection) => collection.changes)
  const characters = changes.reduce((sum, { before, after }) => sum + (before?.length ?? 0) + (after?.length ?? 0), 0)
  return changes.length <= MAX_TRANSACTION_CHANGES && characters <= MAX_TRANSACTION_CHARACTERS
}

/** Writes state texts if those expected still hold: a plan without changes. */
export async function applyState(
  connection: Connection,
  state: StateChanges,
  expectedState: StateChanges,
): Promise<boolean> {
  return (await applyPlan(connection, { collections: [], state, expectedState })).status === 'applied'
}
