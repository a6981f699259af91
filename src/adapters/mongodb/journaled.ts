/**
 * Applies a plan under the write-ahead journal, for standalone servers and for plans that are too large for a transaction. However it ends, the data is afterwards
 * either as before or as planned; after a crash, from the next operation on, which begins with recover.ts.
 */
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import { LockedError, TandemError, UndoneError } from '../../model/errors.ts'
import { appliedOutcome } from '../applied.ts'
import { type MongoConnection, explain } from './connect.ts'
import type { JournalContent } from './journal-bytes.ts'
import {
  type Journal,
  abandonJournal,
  armJournal,
  closeJournal,
  commitJournal,
  isAlteredByServer,
  keepJournal,
  openJournal,
} from './journal.ts'
import { alteredByServer, staleState } from './outcome.ts'
import { type DifferingDocument, type WriteFailure, differingDocuments, isSame, writeCollection } from './write.ts'
import { type CollectionWrites, preparePlan } from './prepare.ts'
import { recover, rollBack } from './recover.ts'
import { unexpectedEntry, writeEntries } from './state.ts'
import type { CollectionHandle } from './wire.ts'

/**
 * See `Adapter.apply`.
 * @throws UndoneError when it failed half-way and was undone; UnreachableError when it failed and the next operation will undo it
 * @throws LockedError when another run holds the journal
 */
export async function applyUnderJournal(connection: MongoConnection, plan: ApplyPlan): Promise<ApplyOutcome> {
  const journal = await ownJournal(connection)
  try {
    const ready = await prepareUnderJournal(journal, plan)
    return 'status' in ready ? await closed(journal, ready) : await writeUnderJournal(journal, ready, plan)
  } catch (error) {
    abandonJournal(journal)
    const recovery = await recover(connection).catch(() => undefined)
    if (recovery === 'finished') return appliedOutcome(plan)
    throw recovery === 'undone' ? undone(connection, error) : explain(error, connection)
  }
}

/** Opens a journal. Another run may have opened one since `recover` found none, so that is tried a few times. @throws LockedError */
async function ownJournal(connection: MongoConnection): Promise<Journal> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openJournal(connection)
    } catch (error) {
      if (!(error instanceof LockedError) || attempt === 5) throw error
      await recover(connection)
    }
  }
}

/** The writes of the plan, or the outcome `stale`. */
async function prepareUnderJournal(journal: Journal, plan: ApplyPlan): Promise<CollectionWrites[] | ApplyOutcome> {
  const { connection } = journal
  const unexpected = await unexpectedEntry(connection, plan.expectedState)
  if (unexpected !== undefined) return staleState(unexpected)
  if (plan.collections.length === 0) return []
  const keep = async (): Promise<void> => await keepJournal(journal)
  const prepared = await preparePlan({ connection, keep, guard: await strongestGuard(connection) }, plan)
  return 'stale' in prepared ? { status: 'stale', reason: prepared.stale } : prepared
}

/**
 * The strongest guard that the server knows, as some servers that speak MongoDB's protocol cannot compare whole documents. The query for finding out goes to the
 * journal's collection, because a server evaluates it only where there is a document, and there is the head.
 */
async function strongestGuard({ db, driver }: MongoConnection): Promise<NonNullable<CollectionHandle['guard']>> {
  const whole = { $expr: { $eq: ['$$ROOT', { $literal: {} }] } }
  try {
    await db.collection('_tandem_journal').findOne(whole)
    return 'document'
  } catch (error) {
    if (error instanceof driver.MongoServerError) return 'fields'
    throw error
  }
}

/** Writes the prepared documents, reads them back, and finishes the journal or rolls back. */
async function writeUnderJournal(
  journal: Journal,
  prepared: readonly CollectionWrites[],
  plan: ApplyPlan,
): Promise<ApplyOutcome> {
  const content = contentOf(prepared, plan)
  await armJournal(journal, content)
  const failure = await writeAll(prepared)
  const different = await allDifferingDocuments(prepared)
  if (failure === undefined && different.length === 0) {
    await commitJournal(journal)
    await writeEntries(journal.connection, plan.state)
    return await closed(journal, appliedOutcome(plan))
  }
  const changedByServer = await documentsAlteredByServer(journal, different)
  await rollBack(journal, withActualImages(content, changedByServer))
  const outcome: ApplyOutcome = failure ?? {
    status: 'stale',
    reason: `${different[0]?.write.key} was changed in the meantime`,
  }
  await closed(journal, outcome)
  if (failure === undefined && changedByServer[0] !== undefined) throw alteredByServer(changedByServer[0])
  return outcome
}

/** Removes the journal and returns the outcome. If removing fails, the next operation removes it; it can change nothing any more. */
async function closed(journal: Journal, outcome: ApplyOutcome): Promise<ApplyOutcome> {
  await closeJournal(journal).catch(() => abandonJournal(journal))
  return outcome
}

function contentOf(prepared: readonly CollectionWrites[], plan: ApplyPlan): JournalContent {
  const writes = prepared.flatMap(({ handle, writes: some }) =>
    some.map((write) => ({ ...write, collection: handle.collection, collated: handle.collated === true })),
  )
  return { writes, state: plan.state }
}

async function writeAll(prepared: readonly CollectionWrites[]): Promise<WriteFailure | undefined> {
  for (const writes of prepared) {
    const failure = await writeCollection(writes)
    if (failure !== undefined) return failure
  }
  return undefined
}

async function allDifferingDocuments(prepared: readonly CollectionWrites[]): Promise<DifferingDocument[]> {
  const found: DifferingDocument[] = []
  for (const writes of prepared) found.push(...(await differingDocuments(writes)))
  return found
}

/** Those of the differing documents that the server itself has changed while storing them, as opposed to documents that another client has written. */
async function documentsAlteredByServer(
  journal: Journal,
  different: readonly DifferingDocument[],
): Promise<DifferingDocument[]> {
  const found: DifferingDocument[] = []
  for (const one of different) {
    const { before, after } = one.write
    if (one.live === undefined || after === undefined || isSame(one.live, before)) continue
    if (await isAlteredByServer(journal, after)) found.push(one)
  }
  return found
}

/** The content with what the server made of our documents as `after`, so that the rollback recognises these documents as ours. */
function withActualImages(content: JournalContent, changed: readonly DifferingDocument[]): JournalContent {
  if (changed.length === 0) return content
  const live = new Map(changed.map((one) => [`${one.handle.collection} ${one.write.key}`, one.live]))
  const writes = content.writes.map((write) => ({
    ...write,
    after: live.get(`${write.collection} ${write.key}`) ?? write.after,
  }))
  return { ...content, writes }
}

/** The error to throw for a run that failed and was rolled back. */
function undone(connection: MongoConnection, error: unknown): unknown {
  if (error instanceof TandemError || !(error instanceof Error)) return error
  return new UndoneError(
    `source ${connection.source}: writing to ${connection.database} failed half-way and was undone: ${error.message}`,
    {
      hint: 'run the command again',
      cause: error,
    },
  )
}
