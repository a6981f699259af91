/** The records of a collection, each in the file that its layout says, and the bytes of these files. packed-by-file.ts makes the same of packed records, without a text of any. */
import { type KeyText, type RecordText, highHalf, keyHash, lowHalf } from '../model/canonical.ts'
import type { Layout } from '../model/collection.ts'
import type { Records } from '../model/records.ts'
import type { Header } from './header.ts'
import { keysByBucket, pickRecords } from './layout.ts'
import { recordsFileText } from './records-file.ts'

export interface RecordsByFile {
  /** The files by name. */
  readonly buckets: readonly string[]
  /** How many records are in a file. */
  size(bucket: string): number
  /** The file with this header, which names the bucket. */
  file(header: Header): Buffer
  records(bucket: string): Map<KeyText, RecordText>
  /** `keyHash` of the keys in a file, low and high half of each in turn. */
  keyHashes(bucket: string): Uint32Array
}

/** How records are put into files. */
export interface FilesWanted {
  readonly layout: Layout
  readonly order: Header['order']
  /** Files that are there even without a record, since a records file is emptied, never deleted. */
  readonly present?: Iterable<string>
}

/** The records by file, from their texts. */
export function plainByFile(records: Records, { layout, present }: FilesWanted): RecordsByFile {
  // only keys, because all files are in memory at the same time
  const keys = keysByBucket(records.keys(), layout, present)
  const keysOf = (bucket: string): readonly KeyText[] => keys.get(bucket) ?? []
  const pick = (bucket: string): Map<KeyText, RecordText> => pickRecords(records, keysOf(bucket))
  return {
    buckets: [...keys.keys()],
    size: (bucket) => keysOf(bucket).length,
    file: (header) => Buffer.from(recordsFileText(header, pick(header.bucket))),
    records: pick,
    keyHashes: (bucket) => keyHashes(keysOf(bucket)),
  }
}

/** `keyHash` of each key, its low and its high half. */
export function keyHashes(keys: readonly KeyText[]): Uint32Array {
  const halves = new Uint32Array(2 * keys.length)
  for (const [i, key] of keys.entries()) {
    const hash = keyHash(key)
    halves[2 * i] = lowHalf(hash)
    halves[2 * i + 1] = highHalf(hash)
  }
  return halves
}
