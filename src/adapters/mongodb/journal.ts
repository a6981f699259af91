/**
 * The write-ahead journal in `_tandem_journal`, for servers without transactions and plans too large for one. Its `head` document is at once the lock between
 * two machines' runs and the one place that says how far a run is:
 *
 *     preparing   nothing of the data was written: forget the journal
 *     writing     before- and after-images are on disk, documents are being written: a crash here is rolled back
 *     committed   every document is written and was read back: a crash here is finished (the state is written)
 *     settled     done or undone: only the journal itself is left to be removed
 *
 * The head is written first and removed last; the pieces with the images lie between.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Collection } from 'mongodb'
import { LockedError, UndoneError } from '../../model/errors.ts'
import { isRunning } from '../../io/running.ts'
import type { Connection } from './connect.ts'
import { documentBytes, elementBytes, encodeValue } from './encode.ts'
import { decodeJournal, encodeJournal, type JournalContent } from './journal-bytes.ts'
import { elementsOf, recordText } from './record.ts'
import { deleteDocuments, deleteStatements, insertDocuments, readByIds } from './wire.ts'

export type Phase = 'preparing' | 'writing' | 'committed' | 'settled'

/** The head document. `owner` changes when another process takes an interrupted journal over; `beat` counts its signs of life. */
export interface Head {
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

/** A journal that this process owns. */
export interface Journal {
  readonly connection: Connection
  readonly run: string
  readonly owner: string
}

interface Piece {
  readonly _id: string
  readonly data: Buffer
}

const HEAD = 'head'

/** Owners whose run goes on in this very process; one that is not among them was left behind by an error. */
const active = new Set<string>()

/** Starts a journal: it is the lock from then on, and nothing has been written. @throws LockedError when another run has one */
export async function openJournal(connection: Connection): Promise<Journal> {
  const owner = randomUUID()
  const head: Head = {
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
    throw new LockedError(`${connection.source}: another run is writing to ${connection.database}`, {
      hint: 'wait until it is done and run the command again',
      cause: error,
    })
  }
  return { connection, run: owner, owner }
}

function ownership(owner: string): Pick<Head, 'owner' | 'host' | 'pid'> {
  return { owner, host: hostname(), pid: process.pid }
}

/** Puts the images on disk; from then on the documents may be written. */
export async function armJournal(journal: Journal, content: JournalContent): Promise<void> {
  const pieces = encodeJournal(content)
  for (const [index, data] of pieces.entries()) {
    await pieceCollection(journal).insertOne({ _id: `${journal.run}/${index}`, data })
  }
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  await setHead(journal, { phase: 'writing', pieces: pieces.length, sizeBytes })
}

/** All documents are written and read back: from here on the journal is finished, not rolled back. */
export async function commitJournal(journal: Journal): Promise<void> {
  await setHead(journal, { phase: 'committed' })
}

/** A sign of life, and the check that no other process has taken this journal for left behind. @throws UndoneError when one has */
export async function keepJournal(journal: Journal): Promise<void> {
  await setHead(journal, {})
}

async function setHead(journal: Journal, fields: Partial<Head>): Promise<void> {
  const mine = { _id: HEAD, owner: journal.owner }
  const result = await heads(journal.connection).updateOne(mine, {
    ...(Object.keys(fields).length > 0 && { $set: fields }),
    $inc: { beat: 1 },
  })
  if (result.matchedCount === 1) return
  throw new UndoneError(`${journal.connection.source}: this run stood still so long that another one has undone it`, {
    hint: 'run the command again',
  })
}

/** Removes the journal, its head last; from the first step on its pieces are needed no more. */
export async function closeJournal(journal: Journal): Promise<void> {
  await setHead(journal, { phase: 'settled' })
  await heads(journal.connection).deleteMany({ _id: { $ne: HEAD } })
  await heads(journal.connection).deleteOne({ _id: HEAD, owner: journal.owner })
  active.delete(journal.owner)
}

/** True when a document of this content comes back from the server as something else: its alteration, not another writer's. */
export async function isAlteredByServer(journal: Journal, document: Buffer): Promise<boolean> {
  const id = { name: '_id', bytes: elementBytes('_id', encodeValue(JSON.stringify(`${journal.run}/scratch`))) }
  const others = elementsOf(document).filter(({ name }) => name !== '_id')
  const scratch = documentBytes([id, ...others].map(({ bytes }) => bytes))
  const place = { connection: journal.connection, collection: '_tandem_journal' }
  const { refusals } = await insertDocuments(place, [scratch])
  const idOnly = documentBytes([id.bytes])
  const [live] = (await readByIds(place, [idOnly])).values()
  await deleteDocuments(place, deleteStatements(place, [{ id: idOnly, filter: idOnly }]))
  return refusals.length === 0 && live !== undefined && recordText(live) !== recordText(scratch)
}

/** Leaves the journal to the next command: this run cannot go on with it. */
export function abandonJournal(journal: Journal): void {
  active.delete(journal.owner)
}

/** The head of the journal there is. */
export async function readHead(connection: Connection): Promise<Head | undefined> {
  return (await heads(connection).findOne({ _id: HEAD })) ?? undefined
}

/** True when the process that owns the journal is surely gone; false when only waiting can tell. */
export function isLeftBehind(head: Head): boolean {
  if (head.host !== hostname()) return false
  return head.pid === process.pid ? !active.has(head.owner) : !isRunning(head.pid)
}

/** Takes over a journal whose owner gave no sign of life since `head` was read; undefined if it did. */
export async function takeOver(connection: Connection, head: Head): Promise<Journal | undefined> {
  const owner = randomUUID()
  active.add(owner)
  const still = { _id: HEAD, owner: head.owner, beat: head.beat }
  const result = await heads(connection).updateOne(still, { $set: ownership(owner), $inc: { beat: 1 } })
  if (result.matchedCount === 1) return { connection, run: head.run, owner }
  active.delete(owner)
  return undefined
}

/** The content of an armed journal. @throws UndoneError when it is damaged */
export async function readJournal(journal: Journal, head: Head): Promise<JournalContent> {
  const pieces: Buffer[] = []
  for (let index = 0; index < head.pieces; index++) {
    const id = `${head.run}/${index}`
    const piece = await pieceCollection(journal).findOne({ _id: id }, { promoteBuffers: true })
    if (piece !== null) pieces.push(piece.data)
  }
  const bytes = Buffer.concat(pieces)
  if (bytes.length === head.sizeBytes) return decodeJournal(bytes)
  throw new UndoneError(
    `${journal.connection.source}: the journal of an interrupted run is damaged, so it cannot be undone`,
    {
      hint: 'compare the database with the exports (tandem diff), then drop the collection _tandem_journal',
    },
  )
}

function heads(connection: Connection): Collection<Head> {
  return connection.db.collection<Head>('_tandem_journal')
}

function pieceCollection({ connection }: Journal): Collection<Piece> {
  return connection.db.collection<Piece>('_tandem_journal')
}
