/** The content of a journal as bytes and back, cut into pieces that fit into documents. Separate from journal.ts because this part needs no server. */
import type { DocumentWrite } from './prepare.ts'

/** A write as the journal keeps it; collection and `collated` as in `CollectionHandle`. */
export interface JournaledWrite extends DocumentWrite {
  readonly collection: string
  readonly collated: boolean
}

/** What the journal must hold so that a run can be undone or finished: each document before and after, and the state texts to be written at the end. */
export interface JournalContent {
  readonly writes: readonly JournaledWrite[]
  /** `undefined`: the text is to be removed. */
  readonly state: ReadonlyMap<string, string | undefined>
}

const PIECE_BYTES = 4 * 1024 * 1024

/**
 * The bytes of a journal, in pieces. They are parts with a length before each (-1: the part is absent): the number of state texts, name and text of each of them, then
 * six parts for each write.
 */
export function encodeJournal({ writes, state }: JournalContent): Buffer[] {
  const parts: (Buffer | undefined)[] = [Buffer.from(String(state.size))]
  for (const [name, text] of state) parts.push(Buffer.from(name), text === undefined ? undefined : Buffer.from(text))
  for (const write of writes) {
    const flags = `${write.moved ? 'm' : ''}${write.collated ? 'c' : ''}`
    parts.push(
      Buffer.from(write.collection),
      Buffer.from(write.key),
      write.id,
      Buffer.from(flags),
      write.before,
      write.after,
    )
  }
  return pieces(parts.flatMap((part) => [lengthOf(part), ...(part === undefined ? [] : [part])]))
}

function lengthOf(part: Buffer | undefined): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32LE(part === undefined ? -1 : part.length)
  return length
}

/** The bytes of all buffers, cut into pieces of `PIECE_BYTES`. */
function pieces(buffers: readonly Buffer[]): Buffer[] {
  const result: Buffer[] = []
  let piece: Buffer[] = []
  let size = 0
  const finish = (): void => {
    if (size > 0) result.push(Buffer.concat(piece, size))
    piece = []
    size = 0
  }
  for (const buffer of buffers) {
    for (let from = 0; from < buffer.length;) {
      const some = buffer.subarray(from, from + PIECE_BYTES - size)
      piece.push(some)
      size += some.length
      from += some.length
      if (size === PIECE_BYTES) finish()
    }
  }
  finish()
  return result
}

/** The content of a journal from the bytes of all its pieces. @throws RangeError when the bytes are not those of a whole journal */
export function decodeJournal(bytes: Buffer): JournalContent {
  const cursor = { bytes, at: 0 }
  const state = new Map<string, string | undefined>()
  for (let left = Number(take(cursor)); left > 0; left--) {
    state.set(take(cursor).toString(), takeOptional(cursor)?.toString())
  }
  const writes: JournaledWrite[] = []
  while (cursor.at < bytes.length) {
    const collection = take(cursor).toString()
    const key = take(cursor).toString()
    const id = take(cursor)
    const flags = take(cursor).toString()
    const images = { before: takeOptional(cursor), after: takeOptional(cursor) }
    writes.push({ collection, key, id, moved: flags.includes('m'), collated: flags.includes('c'), ...images })
  }
  return { writes, state }
}

function take(cursor: { readonly bytes: Buffer; at: number }): Buffer {
  const part = takeOptional(cursor)
  if (part === undefined) throw new RangeError('the journal is incomplete')
  return part
}

function takeOptional(cursor: { readonly bytes: Buffer; at: number }): Buffer | undefined {
  const length = cursor.bytes.readInt32LE(cursor.at)
  const start = cursor.at + 4
  cursor.at = start + Math.max(length, 0)
  if (cursor.at > cursor.bytes.length) throw new RangeError('the journal is incomplete')
  return length < 0 ? undefined : cursor.bytes.subarray(start, cursor.at)
}
