/**
 * Finishes or rolls back what an interrupted run left in the journal. Every operation of the adapter begins with it, so that none reads a plan that is only half
 * written. A document that somebody else has written since then stays as it is: that is a newer edit, and the next merge takes it for one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { LockedError, UndoneError } from '../../model/errors.ts'
import type { MongoConnection } from './connect.ts'
import type { JournalContent, JournaledWrite } from './journal-bytes.ts'
import {
  type JournalHead,
  type Journal,
  abandonJournal,
  closeJournal,
  isLeftBehind,
  keepJournal,
  readJournalHead,
  readJournal,
  takeOver,
} from './journal.ts'
import { isSame, writeCollection } from './write.ts'
import { writeEntries } from './state.ts'
import { type CollectionHandle, readByIds } from './wire.ts'

/** After this time without a sign of life an owner on another machine is taken for gone. */
const SILENCE_MS = 20_000

/** How long an owner that is at work is waited for. */
const PATIENCE_MS = 60_000

/** The server may still be running the last command of a client that was killed, so the rollback looks at the documents again after this time. */
const LATE_WRITES_MS = 500

/** What became of an interrupted run. `closed`: it was already finished or undone, and only its journal was left. */
export type Recovery = 'finished' | 'undone' | 'closed'

/**
 * Finishes or rolls back a journal that was left behind, and says which; undefined if there was none. Waits for a journal whose owner is at work.
 * @throws LockedError when that owner takes more than a minute; UndoneError when the journal can be neither finished nor rolled back
 */
export async function recover(connection: MongoConnection): Promise<Recovery | undefined> {
  let recovery: Recovery | undefined
  let seen: JournalHead | undefined
  let silentMs = 0
  for (let waitedMs = 0; ; waitedMs += 250) {
    const head = await readJournalHead(connection)
    if (head === undefined) return recovery
    silentMs = head.beat === seen?.beat && head.owner === seen.owner ? silentMs + 250 : 0
    seen = head
    if (isLeftBehind(head) || silentMs >= SILENCE_MS) {
      const journal = await takeOver(connection, head)
      if (journal !== undefined) recovery = await recoverJournal(journal, head)
    } else if (waitedMs >= PATIENCE_MS) {
      throw new LockedError(
        `source ${connection.source}: a run on ${head.host} has been writing to ${connection.database} for a minute`,
        {
          hint: 'run the command again when it is done',
        },
      )
    } else await sleep(250)
  }
}

async function recoverJournal(journal: Journal, head: JournalHead): Promise<Recovery> {
  try {
    if (head.phase === 'writing') await rollBackPatiently(journal, await readJournal(journal, head))
    if (head.phase === 'committed') await writeEntries(journal.connection, (await readJournal(journal, head)).state)
    await closeJournal(journal)
    if (head.phase === 'settled') return 'closed'
    return head.phase === 'committed' ? 'finished' : 'undone'
  } catch (error) {
    abandonJournal(journal)
    throw error
  }
}

/** Rolls back twice, `LATE_WRITES_MS` apart, because the last command of the interrupted run may write after the first time. */
async function rollBackPatiently(journal: Journal, content: JournalContent): Promise<void> {
  await rollBack(journal, content)
  await sleep(LATE_WRITES_MS)
  await rollBack(journal, content)
}

/**
 * Writes every document that is still as the run left it back to what it was before the run.
 * @throws UndoneError when that is not possible because another document has taken its unique value since; the journal then stays
 */
export async function rollBack(journal: Journal, content: JournalContent): Promise<void> {
  await keepJournal(journal)
  for (const writes of byCollection(content.writes)) await rollBackCollection(journal, writes)
}

function byCollection(writes: readonly JournaledWrite[]): JournaledWrite[][] {
  const groups = new Map<string, JournaledWrite[]>()
  for (const write of writes) groups.set(write.collection, [...(groups.get(write.collection) ?? []), write])
  return [...groups.values()]
}

/** Tries up to ten times, because others may go on writing these documents meanwhile. */
async function rollBackCollection(journal: Journal, writes: readonly JournaledWrite[]): Promise<void> {
  const [first] = writes
  if (first === undefined) return
  const { connection } = journal
  const keep = async (): Promise<void> => await keepJournal(journal)
  const handle: CollectionHandle = {
    connection,
    collection: first.collection,
    collated: first.collated,
    guard: 'fields',
    keep,
  }
  for (let round = 0; round < 10; round++) {
    const live = await readByIds(
      handle,
      writes.map(({ id }) => id),
    )
    const failure = await writeCollection({
      handle,
      writes: writes.flatMap((write) => undoing(write, live.get(write.key))),
    })
    if (failure === undefined) return
    if (failure.status === 'violation') {
      throw new UndoneError(
        `source ${connection.source}: ${first.collection} ${failure.key} cannot be put back, as its value in ${failure.constraint} was taken since`,
        {
          hint: 'change or delete the document that took it and run any command; the former one is kept in _tandem_journal',
        },
      )
    }
  }
  throw new UndoneError(
    `source ${connection.source}: ${first.collection} is being written too fast to undo an interrupted run`,
    {
      hint: 'pause the writers and run any command',
    },
  )
}

/** The write that undoes `write`; none where the document is as it was before, or as somebody else has written it since. */
function undoing(write: JournaledWrite, live: Buffer | undefined): JournaledWrite[] {
  const { before, after, moved } = write
  if (isSame(live, before)) return []
  if (live === undefined) {
    const removedByUs = after === undefined || moved
    return removedByUs ? [{ ...write, before: undefined, after: before, moved: false }] : []
  }
  return isSame(live, after) ? [{ ...write, before: live, after: before }] : []
}
