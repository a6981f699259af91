/**
 * Finishes or rolls back what an interrupted run left in the journal. Every operation of the adapter begins with it, so nobody ever reads half a plan. A
 * document that somebody else has written in the meantime stays as it is: it is a newer edit, and the next merge sees it as one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { LockedError, UndoneError } from '../../model/errors.ts'
import type { Connection } from './connect.ts'
import { abandonJournal, closeJournal, isLeftBehind, keepJournal, readHead, readJournal, takeOver } from './journal.ts'
import type { Head, Journal } from './journal.ts'
import type { JournalContent, JournaledWrite } from './journal-bytes.ts'
import { isSame, performWrites } from './perform.ts'
import { writeEntries } from './state.ts'
import { readByIds, type Place } from './wire.ts'

/** How long an owner on another machine may give no sign of life, and how long one that does is waited for. */
const SILENCE_MS = 20_000
const PATIENCE_MS = 60_000
/** A command whose client died may still be running in the server; the rollback looks again after this. */
const LATE_WRITES_MS = 500

/** What became of an interrupted run; `closed`: it was over, one way or the other. */
export type Settled = 'finished' | 'undone' | 'closed'

/**
 * Settles a journal that was left behind and says how; waits for one whose owner is at work; undefined if there was none.
 * @throws LockedError when that takes over a minute
 */
export async function recover(connection: Connection): Promise<Settled | undefined> {
  let settled: Settled | undefined
  let seen: Head | undefined
  let silentMs = 0
  for (let waitedMs = 0; ; waitedMs += 250) {
    const head = await readHead(connection)
    if (head === undefined) return settled
    silentMs = head.beat === seen?.beat && head.owner === seen.owner ? silentMs + 250 : 0
    seen = head
    if (isLeftBehind(head) || silentMs >= SILENCE_MS) {
      const journal = await takeOver(connection, head)
      if (journal !== undefined) settled = await settle(journal, head)
    } else if (waitedMs >= PATIENCE_MS) {
      throw new LockedError(
        `${connection.source}: a run on ${head.host} has been writing to ${connection.database} for a minute`,
        {
          hint: 'run the command again when it is done',
        },
      )
    } else await sleep(250)
  }
}

async function settle(journal: Journal, head: Head): Promise<Settled> {
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

/** Rolls back until a second look, a moment later, finds nothing left to undo: for runs whose last command may not have been over when they ended. */
async function rollBackPatiently(journal: Journal, content: JournalContent): Promise<void> {
  await rollBack(journal, content)
  await sleep(LATE_WRITES_MS)
  await rollBack(journal, content)
}

/**
 * Puts every document that is still the after-image back to its before-image.
 * @throws UndoneError when one cannot be put back because somebody has since taken its unique value; the journal then stays
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

/** A few rounds, as others may go on writing meanwhile. */
async function rollBackCollection(journal: Journal, writes: readonly JournaledWrite[]): Promise<void> {
  const [first] = writes
  if (first === undefined) return
  const { connection } = journal
  const keep = async (): Promise<void> => await keepJournal(journal)
  const place: Place = { connection, collection: first.collection, collated: first.collated, guard: 'fields', keep }
  for (let round = 0; round < 10; round++) {
    const live = await readByIds(
      place,
      writes.map(({ id }) => id),
    )
    const failure = await performWrites({
      place,
      writes: writes.flatMap((write) => undoing(write, live.get(write.key))),
    })
    if (failure === undefined) return
    if (failure.status === 'violation') {
      throw new UndoneError(
        `${connection.source}: ${first.collection} ${failure.key} cannot be put back, as its value in ${failure.constraint} was taken since`,
        {
          hint: 'change or delete the document that took it and run any command; the former one is kept in _tandem_journal',
        },
      )
    }
  }
  throw new UndoneError(
    `${connection.source}: ${first.collection} is being written too fast to undo an interrupted run`,
    {
      hint: 'pause the writers and run any command',
    },
  )
}

/** The write that undoes another, if it was done: nothing where the document is as before, or as somebody else has made it. */
function undoing(write: JournaledWrite, live: Buffer | undefined): JournaledWrite[] {
  const { before, after, moved } = write
  if (isSame(live, before)) return []
  if (live === undefined) {
    const removedByUs = after === undefined || moved
    return removedByUs ? [{ ...write, before: undefined, after: before, moved: false }] : []
  }
  return isSame(live, after) ? [{ ...write, before: live, after: before }] : []
}
