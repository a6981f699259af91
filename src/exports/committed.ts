/** Reads the exports of one source from a commit, and checks them. It reads git's blobs, never the files of the work tree, and the records only when they are asked for. */
import { createHash } from 'node:crypto'
import { type CollectionFile, parseCollectionFile } from '../format/collection-file.ts'
import { bucketOf, layoutText } from '../format/layout.ts'
import { type KnownFile, type RecordsFile, parseRecordsFile } from '../format/records-file.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { type KeyText, type RecordText, compareBytes } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
import { DamagedError } from '../model/errors.ts'
import type { ExportsPlace } from '../source/source.ts'
import { foldersOfCommit } from './export-folders.ts'

/** One collection of a commit, without its records. */
export interface CommittedCollection extends CollectionFile {
  /** The folder of its files, for example `exports/app/traders`. */
  readonly folder: string
  /** Bucket → blob id of its file. */
  readonly buckets: ReadonlyMap<string, string>
  /** Blob id of `collection.json`. */
  readonly fileId: string
}

/** The collections of a commit, by the name in their `collection.json` (a folder's name is encoded). */
export type Committed = ReadonlyMap<string, CommittedCollection>

const NONE: Committed = new Map()

/**
 * The collections that `commit` holds of a source, without their records. Empty when `commit` is undefined.
 * @throws DamagedError for links, files that are no export, or a damaged `collection.json`; GitError when there is no such commit
 */
export async function readCommitted(place: ExportsPlace, commit: string | undefined): Promise<Committed> {
  if (commit === undefined) return NONE
  const folders = await foldersOfCommit(place, commit)
  const ids = [...folders.values()].flatMap((folder) => folder.fileId ?? [])
  const blobs = await readBlobs(place.repository, ids)
  const committed = new Map<string, CommittedCollection>()
  for (const [folder, { fileId, buckets }] of folders) {
    const path = `${folder}/collection.json`
    if (fileId === undefined) throw new DamagedError({ path }, 'collection.json is missing beside records files')
    const file = parseCollectionFile((blobs.get(fileId) as Buffer).toString(), path)
    const { name } = file.schema
    if (file.source !== place.source)
      throw new DamagedError(
        { path, line: 1 },
        `names source ${file.source}, but stands in the folder of ${place.source}`,
      )
    if (committed.has(name)) throw new DamagedError({ path, line: 1 }, `collection ${name} stands in two folders`)
    committed.set(name, { ...file, folder, buckets, fileId })
  }
  return committed
}

/**
 * Like `readCommitted`, and also checks that each collection stands in the folder that belongs to its name. Otherwise a `collection.json`, changed by mistake or on purpose,
 * would have the records of one collection applied to another.
 * @throws DamagedError when one stands in another's folder, and as readCommitted does
 */
export async function readHeadExports(
  place: ExportsPlace & { folder(collection: string): string },
  head: string,
): Promise<Committed> {
  const committed = await readCommitted(place, head)
  for (const [name, { folder }] of committed)
    if (place.folder(name) !== folder)
      throw new DamagedError(
        { path: `${folder}/collection.json`, line: 1 },
        `names collection ${JSON.stringify(name)}, which belongs into ${place.folder(name)}`,
      )
  return committed
}

/** The path of a bucket's file in a collection's folder. */
export function bucketPath(folder: string, bucket: string): string {
  return `${folder}/${bucket}.jsonl`
}

/**
 * The records of some buckets (default: all) of a collection. Empty when `collection` is undefined; buckets that it does not have are skipped.
 * @throws DamagedError naming file, line and key
 */
export async function readRecords(
  place: ExportsPlace,
  collection: CommittedCollection | undefined,
  buckets?: Iterable<string>,
): Promise<Map<KeyText, RecordText>> {
  const records = new Map<KeyText, RecordText>()
  for (const file of (await readBuckets(place, collection, buckets ?? collection?.buckets.keys() ?? [])).values())
    for (const [key, text] of file) records.set(key, text)
  return records
}

/**
 * The records of some buckets, bucket by bucket. `known` gives a bucket's file as this program would write it now: its lines are not checked again.
 * @throws DamagedError naming file, line and key
 */
export async function readBuckets(
  place: ExportsPlace,
  collection: CommittedCollection | undefined,
  buckets: Iterable<string>,
  known: (bucket: string) => KnownFile | undefined = () => undefined,
): Promise<Map<string, ReadonlyMap<KeyText, RecordText>>> {
  const files = new Map<string, ReadonlyMap<KeyText, RecordText>>()
  if (collection === undefined) return files
  const wanted = [...buckets].filter((bucket) => collection.buckets.has(bucket))
  const blobs = await readBlobs(
    place.repository,
    wanted.map((bucket) => collection.buckets.get(bucket) as string),
  )
  for (const bucket of wanted) {
    const path = bucketPath(collection.folder, bucket)
    const bytes = blobs.get(collection.buckets.get(bucket) as string) as Buffer
    const file = parseRecordsFile(bytes.toString(), path, known(bucket))
    checkPlace(file, collection, { path, bucket })
    files.set(bucket, file.records)
  }
  return files
}

/** Files read together: their records are all that is in memory. */
const FILES_AT_ONCE = 128

/** Checks the files of some buckets (default: all) and keeps none of their records. @throws DamagedError as readRecords does */
export async function checkFiles(
  place: ExportsPlace,
  collection: CommittedCollection | undefined,
  buckets?: ReadonlySet<string>,
): Promise<void> {
  if (collection === undefined) return
  for await (const records of recordBatches(place, collection, buckets)) void records
}

/** The records of some buckets (default: all) of a collection, a file after the other, so that they need not be in memory together. @throws DamagedError as readRecords does */
export async function* recordBatches(
  place: ExportsPlace,
  collection: CommittedCollection,
  wanted?: ReadonlySet<string>,
): AsyncIterable<readonly LiveRecord[]> {
  for await (const { bucket, bytes } of bucketBytes(place, collection, wanted)) {
    const path = bucketPath(collection.folder, bucket)
    const file = parseRecordsFile(bytes.toString(), path)
    checkPlace(file, collection, { path, bucket })
    yield [...file.records].map(([key, text]) => ({ key, text }))
  }
}

/** The number of records that the files of a collection seem to have: their lines are counted, not looked at. */
export async function countLines(place: ExportsPlace, collection: CommittedCollection): Promise<number> {
  let count = 0
  for await (const { bytes } of bucketBytes(place, collection)) {
    for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++
    count-- // the header
  }
  return count
}

interface BucketBytes {
  readonly bucket: string
  readonly bytes: Buffer
}

/** Each file of a collection. While some are looked at, git sends the next. */
async function* bucketBytes(
  place: ExportsPlace,
  { buckets }: CommittedCollection,
  wanted?: ReadonlySet<string>,
): AsyncIterable<BucketBytes> {
  const files = [...buckets].filter(([bucket]) => wanted?.has(bucket) !== false)
  const read = (from: number): Promise<Map<string, Buffer>> => {
    const blobs = readBlobs(
      place.repository,
      files.slice(from, from + FILES_AT_ONCE).map(([, id]) => id),
    )
    blobs.catch(() => undefined) // it is awaited below, unless the reader stops before
    return blobs
  }
  let next = read(0)
  for (let from = 0; from < files.length; from += FILES_AT_ONCE) {
    const blobs = await next
    next = read(from + FILES_AT_ONCE)
    for (const [bucket, id] of files.slice(from, from + FILES_AT_ONCE))
      yield { bucket, bytes: blobs.get(id) as Buffer }
  }
}

/** The records with these keys, as far as the collection has them. Only the files that may hold them are read. @throws DamagedError */
export async function recordsAt(
  place: ExportsPlace,
  collection: CommittedCollection | undefined,
  keys: Iterable<KeyText>,
): Promise<Map<KeyText, RecordText>> {
  if (collection === undefined) return new Map()
  const wanted = new Set(keys)
  const buckets = new Set([...wanted].map((key) => bucketOf(key, collection.layout)))
  const records = await readRecords(place, collection, buckets)
  return new Map([...records].filter(([key]) => wanted.has(key)))
}

/** @throws DamagedError when a file's header names another collection, bucket or layout than its place */
function checkPlace(file: RecordsFile, collection: CommittedCollection, at: { path: string; bucket: string }): void {
  const { header } = file
  const wrong = (what: string): never => {
    throw new DamagedError({ path: at.path, line: 1 }, `the header disagrees with the file's place: ${what}`, {
      hint: 'If two layouts met in a merge, run: tandem resolve',
    })
  }
  if (header.source !== collection.source) wrong(`source ${header.source}`)
  if (header.collection !== collection.schema.name) wrong(`collection ${header.collection}`)
  if (header.bucket !== at.bucket) wrong(`bucket ${header.bucket}`)
  if (layoutText(header.layout) !== layoutText(collection.layout)) wrong(`layout ${layoutText(header.layout)}`)
  if (header.key.join('\0') !== collection.schema.key.join('\0')) wrong(`key ${header.key.join(', ')}`)
  if (header.order !== collection.schema.order) wrong(`order ${header.order}`)
}

/** A digest of all files of a collection. Two collections with the same digest have the same files. */
export function filesDigest(collection: CommittedCollection): string {
  const buckets = [...collection.buckets].map(([bucket, id]) => `${bucket} ${id}`).sort(compareBytes)
  return createHash('sha256')
    .update([collection.fileId, ...buckets].join('\n'))
    .digest('hex')
}

/** The buckets whose files differ between two states of a collection. undefined when the layouts differ: then any record may be in any file. */
export function differingBuckets(
  a: CommittedCollection | undefined,
  b: CommittedCollection | undefined,
): ReadonlySet<string> | undefined {
  if (a === undefined || b === undefined) return new Set((a ?? b)?.buckets.keys())
  if (layoutText(a.layout) !== layoutText(b.layout)) return undefined
  const differing = new Set<string>()
  for (const bucket of new Set([...a.buckets.keys(), ...b.buckets.keys()]))
    if (a.buckets.get(bucket) !== b.buckets.get(bucket)) differing.add(bucket)
  return differing
}
