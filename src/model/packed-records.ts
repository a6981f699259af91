/**
 * The records of a collection as the bytes that were read: about 40 bytes a record besides its text, where a Map of texts takes hundreds. For whoever asks for texts it is a Map like
 * any other, which decodes them one by one; who writes all of them out works with the bytes.
 */
import { type KeyText, type RecordText, bytesHash, keyHash } from './canonical.ts'
import { keyPositions } from './key-positions.ts'
import type { Records } from './records.ts'

/** So many bytes are free before each record of a block: room for what stands before it in its line of an export, so that lines can be copied many at a time. */
export const GAP_BEFORE = 28

/** The same behind it. */
export const GAP_AFTER = 2

/** Records as an adapter reads them. */
export interface RecordBlock {
  /** The texts of the records, each between its gaps. */
  readonly bytes: Buffer
  /** The texts of their keys, one behind the other. */
  readonly keys: Buffer
  /** For each record where in `bytes` it starts and ends, and where in `keys` its key ends. */
  readonly places: Uint32Array
  /** All bytes are below 0x80. */
  readonly isAscii: boolean
  /** A key field of one of them is missing. */
  readonly lacksKey: boolean
}

/** Where the bytes of a record are. */
export interface RecordPlace {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** The bytes of the records, each by its position from 0 in the order in which they were read. */
export interface Packed {
  /** The number of records. */
  readonly size: number
  /** Its bytes are not to be changed, those of the gaps may be. */
  record(position: number): RecordPlace
  key(position: number): KeyText
  /** The number in a key like `[191]` of up to 15 digits; -1 for any other key. */
  shortNumber(position: number): number
  /** The order of two keys by their bytes. */
  compareKeys(a: number, b: number): number
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
  // for each position its block, and which of that block's records it is
  let [blockOf, placeOf] = [new Uint32Array(1024), new Uint32Array(1024)]
  let count = 0
  const blockAt = (position: number): RecordBlock => blocks[blockOf[position] as number] as RecordBlock
  const table = keyPositions((position, key) => keyBytes(blockAt(position), placeOf[position] as number).equals(key))
  const add = (block: RecordBlock, place: number): void => {
    const position = table.size
    if (position === blockOf.length) [blockOf, placeOf] = [doubled(blockOf), doubled(placeOf)]
    blockOf[position] = blocks.length - 1
    placeOf[position] = place
    const { keys, places } = block
    const start = places[place - 1] ?? 0
    const key = new Uint8Array(keys.buffer, keys.byteOffset + start, (places[place + 2] as number) - start)
    table.add(bytesHash(key), key)
    count++
  }
  const packed: Packed = {
    get size() {
      return table.size
    },
    record: (position) => {
      const { bytes, places } = blockAt(position)
      const place = placeOf[position] as number
      return { bytes, start: places[place] as number, end: places[place + 1] as number }
    },
    key: (position) => {
      const { keys, places, isAscii } = blockAt(position)
      const place = placeOf[position] as number
      return keys.toString(isAscii ? 'latin1' : 'utf8', places[place - 1] ?? 0, places[place + 2])
    },
    shortNumber: (position) => shortNumber(blockAt(position), placeOf[position] as number),
    compareKeys: (a, b) => compareKeys([blockAt(a), placeOf[a] as number], [blockAt(b), placeOf[b] as number]),
    hashLow: (position) => table.hashLow(position),
    hashHigh: (position) => table.hashHigh(position),
  }
  return {
    add: (block) => {
      blocks.push(block)
      for (let place = 0; place < block.places.length; place += 3) add(block, place)
    },
    get count() {
      return count
    },
    records: asMap(packed, {
      find: (key) => table.find(keyHash(key), Buffer.from(key)),
      record: (position) => {
        const { bytes, start, end } = packed.record(position)
        return bytes.toString(blockAt(position).isAscii ? 'latin1' : 'utf8', start, end)
      },
    }),
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length)
  larger.set(array)
  return larger
}

function keyBytes({ keys, places }: RecordBlock, place: number): Buffer {
  return keys.subarray(places[place - 1] ?? 0, places[place + 2])
}

function shortNumber({ keys, places }: RecordBlock, place: number): number {
  const start = (places[place - 1] ?? 0) + 1
  const end = (places[place + 2] as number) - 1
  if (end === start || end - start > 15) return -1
  let number = 0
  for (let i = start; i < end; i++) {
    const digit = (keys[i] as number) - 0x30
    if (digit < 0 || digit > 9) return -1
    number = 10 * number + digit
  }
  return number
}

type KeyPlace = readonly [block: RecordBlock, place: number]

function compareKeys([a, placeOfA]: KeyPlace, [b, placeOfB]: KeyPlace): number {
  const [startA, startB] = [a.places[placeOfA - 1] ?? 0, b.places[placeOfB - 1] ?? 0]
  const [sizeA, sizeB] = [(a.places[placeOfA + 2] as number) - startA, (b.places[placeOfB + 2] as number) - startB]
  for (let i = 0; i < sizeA && i < sizeB; i++) {
    const difference = (a.keys[startA + i] as number) - (b.keys[startB + i] as number)
    if (difference !== 0) return difference
  }
  return sizeA - sizeB
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
