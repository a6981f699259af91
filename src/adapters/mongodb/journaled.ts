/**
 * A plan under the write-ahead journal: standalone servers, and plans too large for a transaction. Whatever ends it, the data is afterwards as before it or as
 * planned, at the latest when the next command has looked at the journal.
 */
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import { LockedError, TandemError, UndoneError } from '../../model/errors.ts'
import { explain, type Connection } from './connect.ts'
import {
  abandonJournal,
  armJournal,
  closeJournal,
  commitJournal,
  isAlteredByServer,
  keepJournal,
  openJournal,
} from './journal.ts'
import type { Journal } from './journal.ts'
import type { JournalContent } from './journal-bytes.ts'
import { altered, applied, staleState } from './outcome.ts'
import { differences, isSame, performWrites, type Difference, type Failure } from './perform.ts'
import { preparePlan, type CollectionWrites } from './prepare.ts'
import { recover, rollBack } from './recover.ts'
import { unexpectedEntry, writeEntries } from './state.ts'
import type { Place } from './wire.ts'

/** @throws UndoneError when it failed half-way and was undone, UnreachableError when the next command will undo it */
export async function applyUnderJournal(connection: Connection, plan: ApplyPlan): Promise<ApplyOutcome> {
  const journal = await ownJournal(connection)
  let prepared: readonly CollectionWrites[] = []
  try {
    const ready = await prepareUnderJournal(journal, plan)
    if ('status' in ready) return await closed(journal, ready)
    prepared = ready
    return await perform(journal, prepared, plan)
  } catch (error) {
    abandonJournal(journal)
    const settled = await recover(connection).catch(() => undefined)
    if (settled === 'finished') return applied(prepared)
    throw settled === 'undone' ? undone(connection, error) : explain(error, connection)
  }
}

/** Another run may slip in between settling the last journal and opening ours. */
async function ownJournal(connection: Connection): Promise<Journal> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openJournal(connection)
    } catch (error) {
      if (!(error instanceof LockedError) || attempt === 5) throw error
      await recover(connection)
    }
  }
}

async function prepareUnderJournal(journal: Journal, plan: ApplyPlan): Promise<CollectionWrites[] | ApplyOutcome> {
  const { connection } = journal
  const unexpected = await unexpectedEntry(connection, plan.expectedState)
  if (unexpected !== undefined) return staleState(unexpected)
  if (plan.collections.length === 0) return []
  const keep = async (): Promise<void> => await keepJournal(journal)
  const prepared = await preparePlan({ connection, keep, guard: await strongestGuard(connection) }, plan)
  return 'stale' in prepared ? { status: 'stale', reason: prepared.stale } : prepared
}

/** Not every server that speaks the protocol can compare whole documents; asked of the journal's head, as there must be a document to compare. */
async function strongestGuard({ db, driver }: Connection): Promise<NonNullable<Place['guard']>> {
  const whole = { $expr: { $eq: ['$$ROOT', { $literal: {} }] } }
  try {
    await db.collection('_tandem_journal').findOne(whole)
    return 'document'
  } catch (error) {
    if (error instanceof driver.MongoServerError) return 'fields'
    throw error
  }
}

async function perform(
  journal: Journal,
  prepared: readonly CollectionWrites[],
  plan: ApplyPlan,
): Promise<ApplyOutcome> {
  const content = contentOf(prepared, plan)
  await armJournal(journal, content)
  const failure = await performAll(prepared)
  const different = await allDifferences(prepared)
  if (failure === undefined && different.length === 0) {
    await commitJournal(journal)
    await writeEntries(journal.connection, plan.state)
    return await closed(journal, applied(prepared))
  }
  const changedByServer = await alteredOnes(journal, different)
  await rollBack(journal, withActualImages(content, changedByServer))
  const outcome: ApplyOutcome = failure ?? {
    status: 'stale',
    reason: `${different[0]?.write.key} was changed in the meantime`,
  }
  await closed(journal, outcome)
  if (failure === undefined && changedByServer[0] !== undefined) throw altered(changedByServer[0])
  return outcome
}

/** Everything is decided: a journal that cannot be removed now is removed by the next command, and changes nothing any more. */
async function closed(journal: Journal, outcome: ApplyOutcome): Promise<ApplyOutcome> {
  await closeJournal(journal).catch(() => abandonJournal(journal))
  return outcome
}

function contentOf(prepared: readonly CollectionWrites[], plan: ApplyPlan): JournalContent {
  const writes = prepared.flatMap(({ place, writes: some }) =>
    some.map((write) => ({ ...write, collection: place.collection, collated: place.collated === true })),
  )
  return { writes, state: plan.state }
}

async function performAll(prepared: readonly CollectionWrites[]): Promise<Failure> {
  for (const writes of prepared) {
    const failure = await performWrites(writes)
    if (failure !== undefined) return failure
  }
  return undefined
}

async function allDifferences(prepared: readonly CollectionWrites[]): Promise<Difference[]> {
  const found: Difference[] = []
  for (const writes of prepared) found.push(...(await differences(writes)))
  return found
}

/** Of the documents that are neither before- nor after-image: those that the server itself made different, not another writer. */
async function alteredOnes(journal: Journal, different: readonly Difference[]): Promise<Difference[]> {
  const found: Difference[] = []
  for (const one of different) {
    const { before, after } = one.write
    if (one.live === undefined || after === undefined || isSame(one.live, before)) continue
    if (await isAlteredByServer(journal, after)) found.push(one)
  }
  return found
}

/** So that the rollback recognises as ours what the server has made of our documents. */
function withActualImages(content: JournalContent, changed: readonly Difference[]): JournalContent {
  if (changed.length === 0) return content
  const live = new Map(changed.map((one) => [`${one.place.collection} ${one.write.key}`, one.live]))
  const writes = content.writes.map((write) => ({
    ...write,
    after: live.get(`${write.collection} ${write.key}`) ?? write.after,
  }))
  return { ...content, writes }
}

function undone(connection: Connection, error: unknown): unknown {
  if (error instanceof TandemError || !(error instanceof Error)) return error
  return new UndoneError(
    `${connection.source}: writing to ${connection.database} failed half-way and was undone: ${error.message}`,
    {
      hint: 'run the command again',
      cause: error,
    },
  )
}
