/** Packed records by file. Every full export goes through here: lines are made where the records were read, and copied into their files, neighbours together. */
import { bytesHash, highHalf, lowHalf } from '../model/canonical.ts'
import type { Layout } from '../model/collection.ts'
import { GAP_AFTER, GAP_BEFORE, type Packed, type RecordPlace, packedIn } from '../model/packed-records.ts'
import type { Records } from '../model/records.ts'
import { type Header, headerText } from './header.ts'
import { bucketOf, hashBucket, pickRecords, shortBucket } from './layout.ts'
import { type FilesWanted, type RecordsByFile, plainByFile } from './records-by-file.ts'

/** The records by file: those that are packed from their bytes, others from their texts. */
export function recordsByFile(records: Records, wanted: FilesWanted): RecordsByFile {
  const packed = wanted.order === 'sorted' ? packedIn(records) : undefined
  return packed === undefined ? plainByFile(records, wanted) : packedByFile(records, packed, wanted)
}

function packedByFile(records: Records, packed: Packed, { layout, present }: FilesWanted): RecordsByFile {
  const positions = positionsByBucket(packed, layout, present ?? [])
  const positionsIn = (bucket: string): readonly number[] => positions.get(bucket) ?? []
  const keysIn = (bucket: string): string[] => positionsIn(bucket).map((position) => packed.key(position))
  return {
    buckets: [...positions.keys()],
    size: (bucket) => positionsIn(bucket).length,
    file: (header) => fileOf(header, packed, sorted(packed, positionsIn(header.bucket))),
    records: (bucket) => pickRecords(records, keysIn(bucket)),
    keyHashes: (bucket) => keyHashesAt(packed, positionsIn(bucket)),
  }
}

function keyHashesAt(packed: Packed, positions: readonly number[]): Uint32Array {
  const halves = new Uint32Array(2 * positions.length)
  for (let i = 0; i < positions.length; i++) {
    halves[2 * i] = packed.hashLow(positions[i] as number)
    halves[2 * i + 1] = packed.hashHigh(positions[i] as number)
  }
  return halves
}

/** Bucket → the positions of its records. */
function positionsByBucket(packed: Packed, layout: Layout, present: Iterable<string>): Map<string, number[]> {
  const positions = new Map([...present].map((bucket): [string, number[]] => [bucket, []]))
  for (let position = 0; position < packed.size; position++) {
    const bucket = bucketAt(packed, position, layout)
    const found = positions.get(bucket)
    if (found === undefined) positions.set(bucket, [position])
    else found.push(position)
  }
  return positions
}

function bucketAt(packed: Packed, position: number, layout: Layout): string {
  if (layout.kind === 'hash') return hashBucket(packed.hashHigh(position), layout.bits)
  const short = packed.shortNumber(position)
  if (layout.kind === 'range' && short >= 0) return shortBucket(short, layout.shift)
  return bucketOf(packed.key(position), layout)
}

/** The positions in the order of their keys, in which a database often answers. */
function sorted(packed: Packed, positions: readonly number[]): readonly number[] {
  for (let i = 1; i < positions.length; i++)
    if (packed.compareKeys(positions[i - 1] as number, positions[i] as number) > 0)
      return positions.toSorted((a, b) => packed.compareKeys(a, b))
  return positions
}

function fileOf(header: Header, packed: Packed, positions: readonly number[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`${headerText(header)}\n`)]
  let bytes: Buffer = EMPTY
  let [from, to] = [0, 0]
  for (const position of positions) {
    const record = packed.record(position)
    writeAround(record)
    const isNext = record.bytes === bytes && record.start - GAP_BEFORE === to
    if (!isNext) {
      if (to > from) parts.push(bytes.subarray(from, to))
      bytes = record.bytes
      from = record.start - GAP_BEFORE
    }
    to = record.end + GAP_AFTER
  }
  if (to > from) parts.push(bytes.subarray(from, to))
  return Buffer.concat(parts)
}

const EMPTY = Buffer.alloc(0)

/** What stands before a record in its line, with a hash to be written over. */
const START = Buffer.from('{"h":"0123456789abcdef","r":')

const HASH_AT = 6

const DIGITS = Buffer.from('0123456789abcdef')

/** Makes a line of a record: what stands around it goes into the gaps. */
function writeAround({ bytes, start, end }: RecordPlace): void {
  const hash = bytesHash(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start))
  const at = start - GAP_BEFORE
  for (let i = 0; i < GAP_BEFORE; i++) bytes[at + i] = START[i] as number
  let high = highHalf(hash)
  let low = lowHalf(hash)
  for (let i = at + HASH_AT + 7; i >= at + HASH_AT; i--) {
    bytes[i] = DIGITS[high & 15] as number
    bytes[i + 8] = DIGITS[low & 15] as number
    high >>>= 4
    low >>>= 4
  }
  bytes[end] = 0x7d
  bytes[end + 1] = 0x0a
}
