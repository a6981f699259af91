/** Writes a collection's live records as export files, and returns those whose bytes differ from HEAD's. */
import { collectionFileText } from '../format/collection-file.ts'
import { type Header, headerOf } from '../format/header.ts'
import { layoutText } from '../format/layout.ts'
import { recordsByFile } from '../format/packed-by-file.ts'
import type { RecordsByFile } from '../format/records-by-file.ts'
import { knownFile, recordsFileText } from '../format/records-file.ts'
import { blobId } from '../git/objects/blobs.ts'
import { sameContent } from '../merge/versions.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { ChangeCount } from '../model/change.ts'
import type { Layout, Selection } from '../model/collection.ts'
import type { Records } from '../model/records.ts'
import type { MergeRules } from '../model/rules.ts'
import type { Source } from '../source/source.ts'
import { type CommittedCollection, bucketPath, readBuckets, readRecords } from './committed.ts'
import { PartRecords } from './part-records.ts'

/** A collection in live and at HEAD (undefined: HEAD does not have it), and the layout in which to write it. */
export interface Compared {
  readonly selection: Selection
  readonly live: Records
  readonly head: CommittedCollection | undefined
  readonly layout: Layout
}

/** What `changedFiles` finds. */
export interface FileChanges {
  /** Path → bytes of the files that differ from HEAD's. */
  readonly writes: Map<string, Buffer>
  /** Of the records that differ. */
  readonly count: ChangeCount
  /** The number of the collection's records files. */
  readonly files: number
  readonly byFile: RecordsByFile
}

/**
 * The files whose bytes differ from HEAD's. Blob ids are compared first, so an unchanged file is never read.
 * @throws DamagedError when a file of HEAD that has to be compared is damaged
 */
export async function changedFiles(source: Source, compared: Compared): Promise<FileChanges> {
  const { selection, live, head, layout } = compared
  const { schema } = selection
  const folder = head?.folder ?? source.folder(schema.name)
  const place = { source: source.source, schema, layout }
  const relayout = head !== undefined && layoutText(head.layout) !== layoutText(layout)
  if (live instanceof PartRecords) await live.coverDifferences(relayout ? undefined : head)
  const part = live instanceof PartRecords && !relayout ? live : undefined
  const present = part?.buckets ?? presentIn(compared)
  const byFile = recordsByFile(part?.known ?? live, { layout, order: schema.order, present })
  const rules = source.rules(schema.name)
  const isLenient = schema.order === 'kept' || rules.derived.length > 0
  const writes = new Map<string, Buffer>()
  const total = { added: 0, changed: 0, removed: 0 }
  const committed = relayout ? await readRecords(source, head) : undefined
  const isAtHead = (bucket: string, bytes: Buffer): boolean => head?.buckets.get(bucket) === idOf(source, bytes)
  for (const some of inGroups(byFile.buckets)) {
    const differing = some.flatMap((bucket) => {
      const header = headerOf(place, bucket)
      const bytes = byFile.file(header)
      return isAtHead(bucket, bytes) ? [] : [{ bucket, header, bytes, records: () => byFile.records(bucket) }]
    })
    const former = committed === undefined ? await formerFiles(source, head, differing) : undefined
    for (const { bucket, header, bytes, records: read } of differing) {
      const before = committed ?? former?.get(bucket) ?? NO_RECORDS
      if (before.size === 0) {
        if (committed === undefined) total.added += byFile.size(bucket)
        writes.set(bucketPath(folder, bucket), bytes)
        continue
      }
      const records = read()
      const kept = isLenient ? asCommitted(records, before, rules) : records
      const file = kept === records ? bytes : Buffer.from(recordsFileText(header, kept))
      if (committed === undefined) addCount(total, before, kept)
      if (!isAtHead(bucket, file)) writes.set(bucketPath(folder, bucket), file)
    }
  }
  if (committed !== undefined) addCount(total, committed, live)
  const file = Buffer.from(collectionFileText(place))
  if (head?.fileId !== idOf(source, file)) writes.set(`${folder}/collection.json`, file)
  return { writes, count: total, files: new Set([...(head?.buckets.keys() ?? []), ...byFile.buckets]).size, byFile }
}

const NO_RECORDS: Records = new Map<KeyText, RecordText>()

function idOf(source: Source, bytes: Buffer): string {
  return blobId(bytes, source.repository.objectFormat)
}

/** The number of files that are read from git at a time. */
const AT_ONCE = 64

function* inGroups(buckets: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < buckets.length; start += AT_ONCE) yield buckets.slice(start, start + AT_ONCE)
}

/** The committed records of those files, bucket by bucket. Lines that have not changed are not checked again. */
async function formerFiles(
  source: Source,
  head: CommittedCollection | undefined,
  now: readonly { readonly bucket: string; readonly header: Header; readonly records: () => Records }[],
): Promise<ReadonlyMap<string, Records>> {
  const byName = new Map(now.map((file) => [file.bucket, file]))
  return readBuckets(source, head, byName.keys(), (bucket) => {
    const file = byName.get(bucket)
    return file && knownFile(file.header, file.records())
  })
}

/** The live records, each with its committed text where the two are the same content. */
function asCommitted(records: Records, before: Records, rules: MergeRules): Records {
  return new Map([...records].map(([key, text]) => [key, committedText(before.get(key), text, rules)]))
}

/** The committed text when the live record differs from it only in field order or in derived fields, which is no change; otherwise the live text. */
function committedText(before: RecordText | undefined, now: RecordText, rules: MergeRules): RecordText {
  return before !== undefined && sameContent(before, now, rules) ? before : now
}

/** The files that are there even if live has no record in them: every one of HEAD, with a header only then. Of a part, only what was read may differ. */
function presentIn({ layout, head }: Compared): ReadonlySet<string> {
  const present = new Set(head?.buckets.keys())
  if (layout.kind === 'single') present.add('records')
  return present
}

function addCount(total: { added: number; changed: number; removed: number }, before: Records, after: Records): void {
  for (const [key, text] of after) {
    const old = before.get(key)
    if (old === undefined) total.added++
    else if (old !== text) total.changed++
  }
  for (const key of before.keys()) if (!after.has(key)) total.removed++
}
