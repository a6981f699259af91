/** Packed records by file. Every full export goes through here, so a record's bytes are copied into its file and nothing else is made for it. */
import { bytesHash } from '../model/canonical.ts'
import type { Layout } from '../model/collection.ts'
import { type Packed, packedIn } from '../model/packed-records.ts'
import type { Records } from '../model/records.ts'
import { type Header, headerText } from './header.ts'
import { bucketOf, hashBucket, pickRecords } from './layout.ts'
import { type FilesWanted, type RecordsByFile, plainByFile } from './records-by-file.ts'

/** The records by file: those that are packed from their bytes, others from their texts. */
export function recordsByFile(records: Records, wanted: FilesWanted): RecordsByFile {
  const packed = wanted.order === 'sorted' ? packedIn(records) : undefined
  return packed === undefined ? plainByFile(records, wanted) : packedByFile(records, packed, wanted)
}

function packedByFile(records: Records, packed: Packed, { layout, present }: FilesWanted): RecordsByFile {
  const places = placesByBucket(packed, layout, present ?? [])
  const placesOf = (bucket: string): readonly number[] => places.get(bucket) ?? []
  return {
    buckets: [...places.keys()],
    size: (bucket) => placesOf(bucket).length,
    file: (header) => fileOf(header, packed, sorted(packed, placesOf(header.bucket))),
    records: (bucket) =>
      pickRecords(
        records,
        placesOf(bucket).map((at) => packed.key(at)),
      ),
    keyHashes: (bucket) => keyHashesOf(packed, placesOf(bucket)),
  }
}

function keyHashesOf(packed: Packed, places: readonly number[]): Uint32Array {
  const halves = new Uint32Array(2 * places.length)
  for (let i = 0; i < places.length; i++) {
    halves[2 * i] = packed.hashLow(places[i] as number)
    halves[2 * i + 1] = packed.hashHigh(places[i] as number)
  }
  return halves
}

/** Bucket → the positions of its records. */
function placesByBucket(packed: Packed, layout: Layout, present: Iterable<string>): Map<string, number[]> {
  const places = new Map([...present].map((bucket): [string, number[]] => [bucket, []]))
  for (let at = 0; at < packed.size; at++) {
    const bucket =
      layout.kind === 'hash' ? hashBucket(packed.hashHigh(at), layout.bits) : bucketOf(packed.key(at), layout)
    const found = places.get(bucket)
    if (found === undefined) places.set(bucket, [at])
    else found.push(at)
  }
  return places
}

/** The positions in the order of their keys, in which a database often answers. */
function sorted(packed: Packed, places: readonly number[]): readonly number[] {
  const compare = (a: number, b: number): number => packed.keyBytes(a).compare(packed.keyBytes(b))
  const isSorted = places.every((at, i) => i === 0 || compare(places[i - 1] as number, at) < 0)
  return isSorted ? places : places.toSorted(compare)
}

/** What stands before a record in its line, with a hash to be written over. */
const START = Buffer.from('{"h":"0123456789abcdef","r":')

const HASH_AT = 6

/** What a line has besides its record. */
const AROUND = START.length + 2

function fileOf(header: Header, packed: Packed, places: readonly number[]): Buffer {
  const first = Buffer.from(`${headerText(header)}\n`)
  let size = first.length
  for (const at of places) size += packed.recordLength(at) + AROUND
  const file = Buffer.allocUnsafeSlow(size)
  let at = first.copy(file)
  for (const place of places) {
    const record = at + START.length
    const end = packed.copyRecord(place, file, record)
    writeStart(file, at, bytesHash(file.subarray(record, end)))
    file[end] = 0x7d
    file[end + 1] = 0x0a
    at = end + 2
  }
  return file
}

const DIGITS = Buffer.from('0123456789abcdef')

/** Writes what stands before a record with this hash. */
function writeStart(file: Buffer, at: number, hash: bigint): void {
  for (let i = 0; i < START.length; i++) file[at + i] = START[i] as number
  let high = Number(hash >> 32n)
  let low = Number(hash & 0xffff_ffffn)
  for (let i = at + HASH_AT + 7; i >= at + HASH_AT; i--) {
    file[i] = DIGITS[high & 15] as number
    file[i + 8] = DIGITS[low & 15] as number
    high >>>= 4
    low >>>= 4
  }
}
