/** Applies a plan in one transaction of the server, which replica sets and sharded clusters have. */
import type { ClientSession } from 'mongodb'
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import { appliedOutcome } from '../applied.ts'
import { type MongoConnection, DURABLE } from './connect.ts'
import { alteredByServer, staleState } from './outcome.ts'
import { differingDocuments, writeCollection } from './write.ts'
import { preparePlan } from './prepare.ts'
import { unexpectedEntry, writeEntries } from './state.ts'

/**
 * See `Adapter.apply`. The driver repeats the transaction on a write conflict. Writes need no guard of their own, because the server fails a transaction that writes a
 * document which somebody else has changed since the transaction began.
 * @throws UndoneError when a written document does not read back as planned
 */
export async function applyInTransaction(connection: MongoConnection, plan: ApplyPlan): Promise<ApplyOutcome> {
  await ensureCollection(connection)
  const session = connection.client.startSession()
  try {
    return await session.withTransaction(
      async () => {
        const outcome = await applyInSession(connection, session, plan)
        if (outcome.status !== 'applied') await session.abortTransaction()
        return outcome
      },
      { readConcern: { level: 'snapshot' }, writeConcern: DURABLE, readPreference: 'primary' },
    )
  } finally {
    await session.endSession()
  }
}

/** Creates the collection of the state texts if it is missing, because before MongoDB 4.4 a transaction cannot create one. Error 48 is that somebody else was faster. */
async function ensureCollection(connection: MongoConnection): Promise<void> {
  const found = await connection.db.listCollections({ name: '_tandem' }, { nameOnly: true }).toArray()
  if (found.length > 0) return
  await connection.db.createCollection('_tandem').catch((error: unknown) => {
    if (!(error instanceof connection.driver.MongoServerError) || error.code !== 48) throw error
  })
}

async function applyInSession(
  connection: MongoConnection,
  session: ClientSession,
  plan: ApplyPlan,
): Promise<ApplyOutcome> {
  const unexpected = await unexpectedEntry(connection, plan.expectedState, session)
  if (unexpected !== undefined) return staleState(unexpected)
  const prepared = await preparePlan({ connection, session }, plan)
  if ('stale' in prepared) return { status: 'stale', reason: prepared.stale }
  for (const writes of prepared) {
    const failure = await writeCollection(writes)
    if (failure !== undefined) return failure
    const [difference] = await differingDocuments(writes)
    if (difference !== undefined) throw alteredByServer(difference)
  }
  await writeEntries(connection, plan.state, session)
  return appliedOutcome(plan)
}
