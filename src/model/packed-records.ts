/**
 * The records of a collection as the bytes that were read: about 30 bytes a record besides its text, where a Map of texts takes hundreds. For whoever asks for texts it is a Map like
 * any other, which decodes them one by one; who writes all of them out works with the bytes.
 */
import { type KeyText, type RecordText, bytesHash, keyHash } from './canonical.ts'
import { keyPositions } from './key-positions.ts'
import type { Records } from './records.ts'

/** Records as an adapter reads them: the text of each, and behind it that of its key. */
export interface RecordBlock {
  readonly bytes: Buffer
  /** Where in `bytes` each record and each key ends, in turn. */
  readonly ends: readonly number[]
  /** All bytes are below 0x80. */
  readonly isAscii: boolean
  /** A key field of one of them is missing. */
  readonly lacksKey: boolean
}

/** The bytes of the records, each by its position from 0 in the order in which they were read. */
export interface Packed {
  /** The number of records. */
  readonly size: number
  /** The bytes of a key text. They are not to be changed. */
  keyBytes(position: number): Buffer
  /** How many bytes a record's text has. */
  recordLength(position: number): number
  /** Writes the bytes of a record's text into `target` from `at` on, and returns where they end. */
  copyRecord(position: number, target: Buffer, at: number): number
  key(position: number): KeyText
  /** `keyHash` of the key: its lower and its upper 32 bits. */
  hashLow(position: number): number
  hashHigh(position: number): number
}

/** A Map of texts over bytes. */
export interface PackedRecords extends Records {
  readonly packed: Packed
}

/** The bytes of records that are packed; undefined for others. */
export function packedIn(records: Records): Packed | undefined {
  return 'packed' in records ? (records as PackedRecords).packed : undefined
}

/** What was packed so far. */
export interface Packing {
  /** Takes the records of a block. Of records with one key the first is kept. */
  add(block: RecordBlock): void
  /** How many records were taken, those with a key that was there already included. */
  readonly count: number
  /** The records, to be used when all are added. */
  readonly records: PackedRecords
}

/** Collects blocks. */
export function packRecords(): Packing {
  const blocks: RecordBlock[] = []
  let [starts, texts, ends, blockOf] = [
    new Uint32Array(1024),
    new Uint32Array(1024),
    new Uint32Array(1024),
    new Uint32Array(1024),
  ]
  let count = 0
  const bytesOf = (position: number): Buffer => (blocks[blockOf[position] as number] as RecordBlock).bytes
  const textAt = (position: number, from: number | undefined, to: number | undefined): string =>
    bytesOf(position).toString(blocks[blockOf[position] as number]?.isAscii === true ? 'latin1' : 'utf8', from, to)
  const keyBytes = (position: number): Buffer => bytesOf(position).subarray(texts[position], ends[position])
  const table = keyPositions((position, key) => keyBytes(position).equals(key))
  const grow = (array: Uint32Array): Uint32Array<ArrayBuffer> => {
    const larger = new Uint32Array(2 * array.length)
    larger.set(array)
    return larger
  }
  const packed: Packed = {
    get size() {
      return table.size
    },
    keyBytes,
    recordLength: (position) => (texts[position] as number) - (starts[position] as number),
    copyRecord: (position, target, at) => at + bytesOf(position).copy(target, at, starts[position], texts[position]),
    key: (position) => textAt(position, texts[position], ends[position]),
    hashLow: (position) => table.hashLow(position),
    hashHigh: (position) => table.hashHigh(position),
  }
  const find = (key: KeyText): number => table.find(keyHash(key), Buffer.from(key))
  const record = (position: number): RecordText => textAt(position, starts[position], texts[position])
  return {
    add: (block) => {
      blocks.push(block)
      let start = 0
      for (let i = 0; i < block.ends.length; i += 2) {
        const [text, end] = [block.ends[i] as number, block.ends[i + 1] as number]
        const position = table.size
        if (position === starts.length)
          [starts, texts, ends, blockOf] = [grow(starts), grow(texts), grow(ends), grow(blockOf)]
        starts[position] = start
        texts[position] = text
        ends[position] = end
        blockOf[position] = blocks.length - 1
        const key = block.bytes.subarray(text, end)
        table.add(bytesHash(key), key)
        start = end
        count++
      }
    },
    get count() {
      return count
    },
    records: asMap(packed, { find, record }),
  }
}

/** @param at `find`: the position of a key, -1 where there is none; `record`: the text at a position */
function asMap(
  packed: Packed,
  at: { readonly find: (key: KeyText) => number; readonly record: (position: number) => RecordText },
): PackedRecords {
  function* each<Item>(item: (position: number) => Item): MapIterator<Item> {
    for (let position = 0; position < packed.size; position++) yield item(position)
  }
  const entries = (): MapIterator<[KeyText, RecordText]> =>
    each((position) => [packed.key(position), at.record(position)])
  const records: PackedRecords = {
    packed,
    get size() {
      return packed.size
    },
    has: (key) => at.find(key) >= 0,
    get: (key) => {
      const position = at.find(key)
      return position < 0 ? undefined : at.record(position)
    },
    keys: () => each((position) => packed.key(position)),
    values: () => each((position) => at.record(position)),
    entries,
    [Symbol.iterator]: entries,
    forEach: (call) => {
      for (const [key, text] of entries()) call(text, key, records)
    },
  }
  return records
}
