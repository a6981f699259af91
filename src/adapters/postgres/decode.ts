/** Reads the bytes of `COPY … TO STDOUT` as records: as texts, or, where a whole table is read, as blocks of bytes. What is done to a row is in row-writer.ts. */
import { isUtf8 } from 'node:buffer'
import type { LiveRecord } from '../../model/change.ts'
import { GAP_AFTER, GAP_BEFORE, type RecordBlock } from '../../model/packed-records.ts'
import { newState, rowWriter } from './row-writer.ts'
import type { CodedField } from './values.ts'

/** Turns the bytes of a COPY, chunk by chunk, into records. `end` is to be called after the last chunk. @throws Error from `end` when the bytes stopped within a row */
export interface RecordReader {
  read(chunk: Buffer): LiveRecord[]
  end(): void
}

/** The same for records that stay bytes. Each block is whole when it is returned, and `end` returns the last one. */
export interface BlockReader {
  read(chunk: Buffer): RecordBlock[]
  end(): RecordBlock[]
}

const NEWLINE = 0x0a

/**
 * A reader for rows of exactly these fields in this order; the caller gives them sorted by name, which is their order in a record. `key` names the key fields
 * among them; a key field that is NULL stands as `null` in the key.
 */
export function recordReader(fields: readonly CodedField[], key: readonly string[]): RecordReader {
  const writer = rowWriter(fields, key)
  const rows = rowSplitter()
  let state = newState(64 * 1024)
  return {
    read(chunk) {
      const records: LiveRecord[] = []
      rows.read(chunk, (bytes, start, end) => {
        const room = writer.room(end - start)
        if (state.out.length < room) state = newState(2 * room)
        state.at = state.keyAt = state.seen = 0
        writer.write(state, bytes, { start, end })
        const { out, at, keys, keyAt } = state
        const encoding = state.seen < 0x80 ? 'latin1' : 'utf8'
        records.push({ key: keys.toString(encoding, 0, keyAt), text: out.toString(encoding, 0, at) })
      })
      return records
    },
    end: () => rows.end(),
  }
}

/** As many bytes are read into one block, or one larger row. */
const BLOCK_BYTES = 1024 * 1024

/** A reader like `recordReader`, which leaves the records as bytes. */
export function blockReader(fields: readonly CodedField[], key: readonly string[]): BlockReader {
  const writer = rowWriter(fields, key)
  const rows = rowSplitter()
  let state = newState(0)
  let places: number[] = []
  const take = (): RecordBlock[] => {
    const { out, at, keys, keyAt, seen, lacksKey } = state
    if (places.length === 0) return []
    // a copy: keys are few bytes, and what is not used of a buffer would be kept with the block
    const bytes = out.length > BLOCK_BYTES ? Buffer.from(out.subarray(0, at)) : out.subarray(0, at)
    const keyBytes = Buffer.from(keys.subarray(0, keyAt))
    const block = { bytes, keys: keyBytes, places: Uint32Array.from(places), isAscii: seen < 0x80, lacksKey }
    places = []
    return [block.isAscii || (isUtf8(bytes) && isUtf8(keyBytes)) ? block : asUtf8(block)]
  }
  return {
    read(chunk) {
      const blocks: RecordBlock[] = []
      rows.read(chunk, (bytes, start, end) => {
        const room = writer.room(end - start) + GAP_BEFORE + GAP_AFTER
        if (state.out.length - state.at < room || state.keys.length - state.keyAt < room) {
          blocks.push(...take())
          state = newState(Math.max(BLOCK_BYTES, room), state)
        }
        const record = (state.at += GAP_BEFORE)
        writer.write(state, bytes, { start, end })
        places.push(record, state.at, state.keyAt)
        state.at += GAP_AFTER
      })
      return blocks
    },
    end() {
      rows.end()
      return take()
    },
  }
}

/** A database in SQL_ASCII gives bytes as they are. As in a text, � then stands for what is no UTF-8. */
function asUtf8(block: RecordBlock): RecordBlock {
  const parts: Buffer[] = []
  const keys: Buffer[] = []
  const places: number[] = []
  let [at, keyAt] = [0, 0]
  for (let i = 0; i < block.places.length; i += 3) {
    const [start, end, keyEnd] = block.places.slice(i, i + 3)
    const record = Buffer.from(block.bytes.toString('utf8', start, end))
    const key = Buffer.from(block.keys.toString('utf8', block.places[i - 1] ?? 0, keyEnd))
    parts.push(Buffer.alloc(GAP_BEFORE), record, Buffer.alloc(GAP_AFTER))
    keys.push(key)
    places.push(at + GAP_BEFORE, at + GAP_BEFORE + record.length, (keyAt += key.length))
    at += GAP_BEFORE + record.length + GAP_AFTER
  }
  return { ...block, bytes: Buffer.concat(parts), keys: Buffer.concat(keys), places: Uint32Array.from(places) }
}

/** Cuts chunks into rows, and hands the place of each row on. @throws Error from `end` when the bytes stopped within a row */
function rowSplitter(): {
  read(chunk: Buffer, take: (bytes: Buffer, start: number, end: number) => void): void
  end(): void
} {
  let pending: Buffer[] = []
  return {
    read(chunk, take) {
      if (!chunk.includes(NEWLINE)) {
        pending.push(chunk)
        return
      }
      const bytes = pending.length === 0 ? chunk : Buffer.concat([...pending, chunk])
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        take(bytes, start, end)
        start = end + 1
      }
      pending = start === bytes.length ? [] : [bytes.subarray(start)]
    },
    end() {
      if (pending.some((part) => part.length > 0)) throw new Error('the data of a table stopped within a row')
    },
  }
}
