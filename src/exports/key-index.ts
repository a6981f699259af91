/**
 * The keys of an export, as hashes in a file of this clone: a deleted record leaves nothing in its table, so it can only be told by what is missing of them. The file belongs to the
 * export whose digest it names; without it, or where it is damaged, everything is read instead.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { keyHashes } from '../format/records-by-file.ts'
import type { KeyText } from '../model/canonical.ts'
import type { Source } from '../source/source.ts'
import { type CommittedCollection, filesDigest } from './committed.ts'

/** Smaller collections are read as a whole as fast. */
const LEAST_KEYS = 1000

export interface KeyIndex {
  /** Bucket → the hashes of its keys, low and high half of each in turn. */
  readonly buckets: ReadonlyMap<string, Uint32Array>
}

interface IndexHead {
  /** `filesDigest` of the export. */
  readonly digest: string
  /** Bucket and number of keys. */
  readonly buckets: readonly (readonly [string, number])[]
  /** SHA-256 of the two above and the hashes. */
  readonly sum: string
}

/** The index of exactly this export; undefined where there is none. */
export async function readKeyIndex(source: Source, exported: CommittedCollection): Promise<KeyIndex | undefined> {
  const bytes = await readFile(fileOf(source, exported)).catch(() => undefined)
  const end = bytes?.indexOf(0x0a) ?? -1
  if (bytes === undefined || end < 0) return undefined
  const header = parsed(bytes.toString('utf8', 0, end))
  // the halves are read where a number of four bytes may start
  const body = Buffer.from(bytes.subarray(end + 1))
  if (header?.digest !== filesDigest(exported) || header.sum !== sumOf(header, body)) return undefined
  const all = new Uint32Array(body.buffer, body.byteOffset, body.length / 4)
  let from = 0
  return { buckets: new Map(header.buckets.map(([name, count]) => [name, all.subarray(from, (from += 2 * count))])) }
}

/** What is in an export: the hashes of the keys of the buckets that are known, all others as in `before`. */
export interface IndexedKeys extends KeyIndex {
  readonly before: KeyIndex | undefined
}

/** Writes the index of an export. Its keys must be all there are. */
export async function writeKeyIndex(source: Source, exported: CommittedCollection, indexed: IndexedKeys): Promise<void> {
  const buckets = new Map([...(indexed.before?.buckets ?? []), ...indexed.buckets])
  const count = [...buckets.values()].reduce((sum, { length }) => sum + length / 2, 0)
  if (count < LEAST_KEYS) return
  const body = Buffer.concat([...buckets.values()].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)))
  const counts = [...buckets].map(([bucket, { length }]) => [bucket, length / 2] as const)
  const said = { digest: filesDigest(exported), buckets: counts }
  const header: IndexHead = { ...said, sum: sumOf(said, body) }
  await writeAtomically(fileOf(source, exported), Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]))
}

/** Bucket → hashes of the keys in the index that are not among `present`. */
export async function missingKeys(
  { buckets }: KeyIndex,
  present: AsyncIterable<readonly KeyText[]>,
): Promise<ReadonlyMap<string, ReadonlySet<bigint>>> {
  const table = hashTable([...buckets.values()])
  for await (const keys of present) table.see(keyHashes(keys))
  const missing = new Map<string, Set<bigint>>()
  let at = 0
  for (const [bucket, halves] of buckets) {
    const hashes = new Set<bigint>()
    for (let i = 0; i < halves.length; i += 2, at++)
      if (!table.isSeen(at)) hashes.add((BigInt(halves[i + 1] ?? 0) << 32n) | BigInt(halves[i] ?? 0))
    if (hashes.size > 0) missing.set(bucket, hashes)
  }
  return missing
}

/** Open addressing over typed arrays: a Map of a million numbers would take ten times the memory. */
function hashTable(parts: readonly Uint32Array[]): { see(halves: Uint32Array): void; isSeen(at: number): boolean } {
  const count = parts.reduce((sum, { length }) => sum + length / 2, 0)
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 2)) - 1
  const [slots, seen] = [new Int32Array(mask + 1).fill(-1), new Uint8Array(count)]
  const [lows, highs] = [new Uint32Array(count), new Uint32Array(count)]
  let at = 0
  for (const part of parts)
    for (let i = 0; i < part.length; i += 2, at++) {
      const low = (lows[at] = part[i] ?? 0)
      highs[at] = part[i + 1] ?? 0
      let slot = low & mask
      while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask
      slots[slot] = at
    }
  return {
    see: (halves) => {
      for (let i = 0; i < halves.length; i += 2) {
        let slot = (halves[i] ?? 0) & mask
        for (let found = slots[slot] ?? -1; found >= 0; found = slots[slot] ?? -1) {
          if (lows[found] === halves[i] && highs[found] === halves[i + 1]) seen[found] = 1
          slot = (slot + 1) & mask
        }
      }
    },
    isSeen: (index) => seen[index] === 1,
  }
}

function fileOf({ repository, source }: Source, { folder }: CommittedCollection): string {
  return path.join(repository.commonDir, 'tandem', 'keys', `${source}-${path.posix.basename(folder)}`)
}

function sumOf({ digest, buckets }: Omit<IndexHead, 'sum'>, body: Buffer): string {
  return createHash('sha256')
    .update(JSON.stringify([digest, buckets]))
    .update(body)
    .digest('hex')
}

function parsed(text: string): IndexHead | undefined {
  try {
    return JSON.parse(text) as IndexHead
  } catch {
    return undefined
  }
}
