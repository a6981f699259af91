/** A plan as one transaction of the server: replica sets and sharded clusters. Separate from the journal, with which it shares everything but atomicity. */
import type { ClientSession } from 'mongodb'
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import { DURABLE, type Connection } from './connect.ts'
import { altered, applied, staleState } from './outcome.ts'
import { differences, performWrites } from './perform.ts'
import { preparePlan } from './prepare.ts'
import { unexpectedEntry, writeEntries } from './state.ts'

/** The driver runs it again on write conflicts; the transaction's own snapshot and conflict detection guard every document. */
export async function applyInTransaction(connection: Connection, plan: ApplyPlan): Promise<ApplyOutcome> {
  await ensureCollection(connection)
  const session = connection.client.startSession()
  try {
    return await session.withTransaction(
      async () => {
        const outcome = await perform(connection, session, plan)
        if (outcome.status !== 'applied') await session.abortTransaction()
        return outcome
      },
      { readConcern: { level: 'snapshot' }, writeConcern: DURABLE, readPreference: 'primary' },
    )
  } finally {
    await session.endSession()
  }
}

/** Before MongoDB 4.4 a transaction creates no collections. */
async function ensureCollection(connection: Connection): Promise<void> {
  const found = await connection.db.listCollections({ name: '_tandem' }, { nameOnly: true }).toArray()
  if (found.length > 0) return
  await connection.db.createCollection('_tandem').catch((error: unknown) => {
    if (!(error instanceof connection.driver.MongoServerError) || error.code !== 48) throw error
  })
}

async function perform(connection: Connection, session: ClientSession, plan: ApplyPlan): Promise<ApplyOutcome> {
  const unexpected = await unexpectedEntry(connection, plan.expectedState, session)
  if (unexpected !== undefined) return staleState(unexpected)
  const prepared = await preparePlan({ connection, session }, plan)
  if ('stale' in prepared) return { status: 'stale', reason: prepared.stale }
  for (const writes of prepared) {
    const failure = await performWrites(writes)
    if (failure !== undefined) return failure
    const [difference] = await differences(writes)
    if (difference !== undefined) throw altered(difference)
  }
  await writeEntries(connection, plan.state, session)
  return applied(prepared)
}
