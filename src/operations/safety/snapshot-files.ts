/** The files of a safety snapshot: live as an export would have it, and beside it the files that the apply is about to change. Blobs that git has already are named, not written. */
import { collectionFileText } from '../../export/collection-file.ts'
import { headerOf } from '../../export/header.ts'
import { bucketOf, chooseLayout } from '../../export/layout.ts'
import { recordsFileText } from '../../export/records-file.ts'
import { blobId } from '../../git/objects.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import { setRecord, type CollectionChanges } from '../../model/change.ts'
import type { Layout } from '../../model/collection.ts'
import { bucketPath, type Committed } from '../committed.ts'
import type { Records } from '../live.ts'
import type { Source } from '../source.ts'
import { appliedFolder } from './snapshot.ts'

/** One collection that is about to change; no changes: it is only kept. */
export interface Endangered extends CollectionChanges {
  /** All of its live records. */
  readonly before: Records
}

/** Path → bytes, or the id of a blob that one of the `known` commits' exports have. */
export type SnapshotFiles = Map<string, Buffer | string>

/** The files of all these collections. */
export function snapshotFiles(
  source: Source,
  collections: readonly Endangered[],
  known: readonly Committed[],
): SnapshotFiles {
  const files: SnapshotFiles = new Map()
  for (const each of collections) addCollection(source, { each, known, files })
  return files
}

function addCollection(
  source: Source,
  at: { readonly each: Endangered; readonly known: readonly Committed[]; readonly files: SnapshotFiles },
): void {
  const { selection, before, changes } = at.each
  const { schema } = selection
  const committed = at.known.flatMap((exports) => exports.get(schema.name) ?? [])
  const layout = committed[0]?.layout ?? chooseLayout(schema, before.keys(), before.size)
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
  const buckets = byBucket(before, layout)
  for (const [bucket, records] of buckets)
    at.files.set(bucketPath(folder, bucket), content(recordsFileText(headerOf(place, bucket), records)))
  if (changes.length > 0) at.files.set(`${applied}/collection.json`, structure)
  for (const [bucket, records] of appliedBuckets(buckets, at.each, layout))
    at.files.set(bucketPath(applied, bucket), content(recordsFileText(headerOf(place, bucket), records)))
}

type Buckets = Map<string, Map<KeyText, RecordText>>

function byBucket(records: Records, layout: Layout): Buckets {
  const buckets: Buckets = new Map()
  for (const [key, text] of records) {
    const bucket = bucketOf(key, layout)
    const found = buckets.get(bucket)
    if (found === undefined) buckets.set(bucket, new Map([[key, text]]))
    else found.set(key, text)
  }
  return buckets
}

/** The buckets that the changes touch, after them. */
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
