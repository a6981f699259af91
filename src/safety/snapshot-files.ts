/** Makes the files of a safety snapshot: the live records as an export would have them, and in a second folder the files that the apply changes, as it will leave them. Blobs that git has already are named by their ids instead of written again. */
import { type Committed, type CommittedCollection, bucketPath } from '../exports/committed.ts'
import { PartRecords } from '../exports/part-records.ts'
import { collectionFileText } from '../format/collection-file.ts'
import { headerOf } from '../format/header.ts'
import { bucketOf, byBucket, chooseLayout } from '../format/layout.ts'
import { recordsFileText } from '../format/records-file.ts'
import { blobId } from '../git/objects/blobs.ts'
import { type CollectionChanges, setRecord } from '../model/change.ts'
import type { Layout } from '../model/collection.ts'
import type { Records } from '../model/records.ts'
import type { Source } from '../source/source.ts'
import { appliedFolder } from './snapshot.ts'

/** One collection that is about to be changed. Without changes it is only kept in the snapshot. */
export interface Endangered extends CollectionChanges {
  /** All of its live records. */
  readonly before: Records
}

/** An empty collection that is about to be filled with the records of a commit. */
export interface LoadedCollection {
  readonly committed: CommittedCollection
  /** The number of its records. */
  readonly count: number
}

/** Path → bytes, or the id of a blob that git has already. */
export type SnapshotFiles = Map<string, Buffer | string>

/** The files of all these collections. @param known exports whose blobs git has already */
export function snapshotFiles(
  source: Source,
  collections: readonly Endangered[],
  known: readonly Committed[],
): SnapshotFiles {
  const files: SnapshotFiles = new Map()
  for (const each of collections) addCollection(source, { each, known, files })
  return files
}

/** Adds the files of an empty collection: what the apply makes of it is in the commit already. */
export function addLoaded(source: Source, { committed }: LoadedCollection, files: SnapshotFiles): void {
  const exports = source.exportsFolder
  const applied = `${appliedFolder(exports)}${committed.folder.slice(exports.length)}`
  files.set(`${committed.folder}/collection.json`, committed.fileId)
  files.set(`${applied}/collection.json`, committed.fileId)
  for (const [bucket, id] of committed.buckets) files.set(bucketPath(applied, bucket), id)
}

function addCollection(
  source: Source,
  at: { readonly each: Endangered; readonly known: readonly Committed[]; readonly files: SnapshotFiles },
): void {
  const { selection, before, changes } = at.each
  const { schema } = selection
  const committed = at.known.flatMap((exports) => exports.get(schema.name) ?? [])
  const part = before instanceof PartRecords ? before : undefined
  const layout = part?.layout ?? committed[0]?.layout ?? chooseLayout(schema, before)
  const place = { source: source.source, schema, layout }
  const ids = new Set(committed.flatMap(({ buckets, fileId }) => [fileId, ...buckets.values()]))
  const content = (text: string): Buffer | string => {
    const bytes = Buffer.from(text)
    const id = blobId(bytes, source.repository.objectFormat)
    return ids.has(id) ? id : bytes
  }
  const folder = source.folder(schema.name)
  const exports = source.exportsFolder
  const applied = `${appliedFolder(exports)}${folder.slice(exports.length)}`
  const structure = content(collectionFileText(place))
  at.files.set(`${folder}/collection.json`, structure)
  for (const [bucket, id] of part?.unread ?? []) at.files.set(bucketPath(folder, bucket), id)
  const buckets = byBucket(part?.known ?? before, layout, part?.buckets)
  for (const [bucket, records] of buckets)
    at.files.set(bucketPath(folder, bucket), content(recordsFileText(headerOf(place, bucket), records)))
  if (changes.length > 0) at.files.set(`${applied}/collection.json`, structure)
  for (const [bucket, records] of appliedBuckets(buckets, at.each, layout))
    at.files.set(bucketPath(applied, bucket), content(recordsFileText(headerOf(place, bucket), records)))
}

type Buckets = ReturnType<typeof byBucket>

/** The buckets that the changes touch, as they are after the changes. */
function appliedBuckets(before: Buckets, { changes }: Endangered, layout: Layout): Buckets {
  const after: Buckets = new Map()
  for (const change of changes) {
    const bucket = bucketOf(change.key, layout)
    const records = after.get(bucket) ?? new Map(before.get(bucket))
    after.set(bucket, records)
    setRecord(records, change.key, change.after)
  }
  return after
}
