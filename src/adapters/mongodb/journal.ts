/**
 * The write-ahead journal in the collection `_tandem_journal`, for servers without transactions and for plans that are too large for one. Its document `head` is the
 * lock that keeps two runs apart, and its `phase` says how far the run is and so what has to be done after a crash:
 *
 *     preparing   no record has been written: remove the journal
 *     writing     each document before and after is on disk, and documents are being written: roll back
 *     committed   every document is written and was read back: write the state
 *     settled     the run is finished or undone: remove the journal
 *
 * The head is the first document that is written and the last that is removed. The pieces with the content (journal-bytes.ts) come after it.
 */
import type { Collection } from 'mongodb'
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { isRunning } from '../../io/running.ts'
import { LockedError, UndoneError } from '../../model/errors.ts'
import type { MongoConnection } from './connect.ts'
import { documentBytes, elementBytes, encodeValue } from './encode.ts'
import { type JournalContent, decodeJournal, encodeJournal } from './journal-bytes.ts'
import { elementsOf, recordText } from './record.ts'
import { deleteDocuments, deleteStatements, insertDocuments, readByIds } from './wire.ts'

/** How far a run is; see the top of this file. */
export type Phase = 'preparing' | 'writing' | 'committed' | 'settled'

/**
 * The head document. `run` names the run that made the journal, `owner` the process that works on it, which is another one after a takeover; `beat` is counted up by the
 * owner as a sign of life.
 */
export interface JournalHead {
  readonly _id: string
  readonly run: string
  readonly owner: string
  readonly host: string
  readonly pid: number
  readonly beat: number
  readonly phase: Phase
  readonly pieces: number
  readonly sizeBytes: number
}

/** A journal that this process owns; `run` and `owner` as in the head. */
export interface Journal {
  readonly connection: MongoConnection
  readonly run: string
  readonly owner: string
}

/** A part of the content, in a document of its own. */
interface Piece {
  readonly _id: string
  readonly data: Buffer
}

const HEAD = 'head'

/** The owners whose run is going on in this process. A journal of this process with another owner was left behind when its run failed. */
const active = new Set<string>()

/** Starts a journal in the phase `preparing`; other runs are locked out from then on. @throws LockedError when there is a journal already */
export async function openJournal(connection: MongoConnection): Promise<Journal> {
  const owner = randomUUID()
  const head: JournalHead = {
    _id: HEAD,
    run: owner,
    ...ownership(owner),
    beat: 0,
    phase: 'preparing',
    pieces: 0,
    sizeBytes: 0,
  }
  active.add(owner)
  try {
    await heads(connection).insertOne(head)
  } catch (error) {
    active.delete(owner)
    if (!(error instanceof connection.driver.MongoServerError) || error.code !== 11_000) throw error
    throw new LockedError(`source ${connection.source}: another run is writing to ${connection.database}`, {
      hint: 'wait until it is done and run the command again',
      cause: error,
    })
  }
  return { connection, run: owner, owner }
}

function ownership(owner: string): Pick<JournalHead, 'owner' | 'host' | 'pid'> {
  return { owner, host: hostname(), pid: process.pid }
}

/** Writes the content to disk and enters the phase `writing`; from then on documents may be written. */
export async function armJournal(journal: Journal, content: JournalContent): Promise<void> {
  const pieces = encodeJournal(content)
  for (const [index, data] of pieces.entries()) {
    await pieceCollection(journal).insertOne({ _id: `${journal.run}/${index}`, data })
  }
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  await setHead(journal, { phase: 'writing', pieces: pieces.length, sizeBytes })
}

/** Enters the phase `committed`, when all documents are written and read back: after a crash the run is now finished and not rolled back. */
export async function commitJournal(journal: Journal): Promise<void> {
  await setHead(journal, { phase: 'committed' })
}

/** Gives a sign of life. @throws UndoneError when another process has taken the journal over, because it took it for left behind */
export async function keepJournal(journal: Journal): Promise<void> {
  await setHead(journal, {})
}

/** Changes the head if this process still owns it. @throws UndoneError when it does not */
async function setHead(journal: Journal, fields: Partial<JournalHead>): Promise<void> {
  const mine = { _id: HEAD, owner: journal.owner }
  const result = await heads(journal.connection).updateOne(mine, {
    ...(Object.keys(fields).length > 0 && { $set: fields }),
    $inc: { beat: 1 },
  })
  if (result.matchedCount === 1) return
  throw new UndoneError(
    `source ${journal.connection.source}: this run stood still so long that another one has undone it`,
    {
      hint: 'run the command again',
    },
  )
}

/** Enters the phase `settled`, in which the content is no longer needed, and removes the journal, the head last. */
export async function closeJournal(journal: Journal): Promise<void> {
  await setHead(journal, { phase: 'settled' })
  await heads(journal.connection).deleteMany({ _id: { $ne: HEAD } })
  await heads(journal.connection).deleteOne({ _id: HEAD, owner: journal.owner })
  active.delete(journal.owner)
}

/**
 * True when the server itself changes a document with this content. To find out, a copy is written into the journal's collection, where nobody else writes, and read
 * back.
 */
export async function isAlteredByServer(journal: Journal, document: Buffer): Promise<boolean> {
  const id = { name: '_id', bytes: elementBytes('_id', encodeValue(JSON.stringify(`${journal.run}/scratch`))) }
  const others = elementsOf(document).filter(({ name }) => name !== '_id')
  const scratch = documentBytes([id, ...others].map(({ bytes }) => bytes))
  const handle = { connection: journal.connection, collection: '_tandem_journal' }
  const { refusals } = await insertDocuments(handle, [scratch])
  const idOnly = documentBytes([id.bytes])
  const [live] = (await readByIds(handle, [idOnly])).values()
  await deleteDocuments(handle, deleteStatements(handle, [{ id: idOnly, filter: idOnly }]))
  return refusals.length === 0 && live !== undefined && recordText(live) !== recordText(scratch)
}

/** Leaves the journal to the next operation, because this run cannot go on with it. */
export function abandonJournal(journal: Journal): void {
  active.delete(journal.owner)
}

/** The head of the journal; undefined when there is no journal. */
export async function readJournalHead(connection: MongoConnection): Promise<JournalHead | undefined> {
  return (await heads(connection).findOne({ _id: HEAD })) ?? undefined
}

/** True when the owner is surely gone. False when it is at work, or runs on another machine, where only waiting can tell. */
export function isLeftBehind(head: JournalHead): boolean {
  if (head.host !== hostname()) return false
  return head.pid === process.pid ? !active.has(head.owner) : !isRunning(head.pid)
}

/** Takes over a journal whose owner has given no sign of life since `head` was read; undefined if it has. */
export async function takeOver(connection: MongoConnection, head: JournalHead): Promise<Journal | undefined> {
  const owner = randomUUID()
  active.add(owner)
  const still = { _id: HEAD, owner: head.owner, beat: head.beat }
  const result = await heads(connection).updateOne(still, { $set: ownership(owner), $inc: { beat: 1 } })
  if (result.matchedCount === 1) return { connection, run: head.run, owner }
  active.delete(owner)
  return undefined
}

/** The content of a journal in the phase `writing` or `committed`. @throws UndoneError when pieces are missing */
export async function readJournal(journal: Journal, head: JournalHead): Promise<JournalContent> {
  const pieces: Buffer[] = []
  for (let index = 0; index < head.pieces; index++) {
    const id = `${head.run}/${index}`
    const piece = await pieceCollection(journal).findOne({ _id: id }, { promoteBuffers: true })
    if (piece !== null) pieces.push(piece.data)
  }
  const bytes = Buffer.concat(pieces)
  if (bytes.length === head.sizeBytes) return decodeJournal(bytes)
  throw new UndoneError(
    `source ${journal.connection.source}: the journal of an interrupted run is damaged, so it cannot be undone`,
    {
      hint: 'compare the database with the exports (tandem diff), then drop the collection _tandem_journal',
    },
  )
}

function heads(connection: MongoConnection): Collection<JournalHead> {
  return connection.db.collection<JournalHead>('_tandem_journal')
}

function pieceCollection({ connection }: Journal): Collection<Piece> {
  return connection.db.collection<Piece>('_tandem_journal')
}
