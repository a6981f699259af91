/** Reads the bytes of `COPY … TO STDOUT` as records: as texts, or, where a whole table is read, as blocks of bytes. What is done to a row is in row-writer.ts. */
import { isUtf8 } from 'node:buffer'
import type { LiveRecord } from '../../model/change.ts'
import type { RecordBlock } from '../../model/packed-records.ts'
import { newState, rowWriter, type CopyState } from './row-writer.ts'
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
  const state = newState()
  return {
    read(chunk) {
      const records: LiveRecord[] = []
      rows.read(chunk, (bytes, start, end) => {
        const room = writer.room(end - start)
        if (state.out.length < room) state.out = Buffer.allocUnsafe(2 * room)
        state.at = state.seen = 0
        const text = writer.write(state, bytes, { start, end })
        records.push({ key: textOf(state, text, state.at), text: textOf(state, 0, text) })
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
  let state = newState(BLOCK_BYTES)
  let ends: number[] = []
  const take = (): RecordBlock[] => {
    const { at, seen, lacksKey } = state
    // what is not used of a block that was made for one large row would be kept with it
    const bytes = state.out.length > BLOCK_BYTES ? Buffer.from(state.out.subarray(0, at)) : state.out.subarray(0, at)
    const block = { bytes, ends, isAscii: seen < 0x80, lacksKey }
    ends = []
    if (block.ends.length === 0) return []
    return [block.isAscii || isUtf8(bytes) ? block : asUtf8(block)]
  }
  return {
    read(chunk) {
      const blocks: RecordBlock[] = []
      rows.read(chunk, (bytes, start, end) => {
        const room = writer.room(end - start)
        if (state.out.length - state.at < room) {
          blocks.push(...take())
          state = newState(Math.max(BLOCK_BYTES, room))
        }
        const text = writer.write(state, bytes, { start, end })
        ends.push(text, state.at)
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
  const parts = block.ends.map((end, i) => Buffer.from(block.bytes.toString('utf8', block.ends[i - 1] ?? 0, end)))
  let at = 0
  return { ...block, bytes: Buffer.concat(parts), ends: parts.map(({ length }) => (at += length)) }
}

function textOf({ out, seen }: CopyState, from: number, to: number): string {
  return out.toString(seen < 0x80 ? 'latin1' : 'utf8', from, to)
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
