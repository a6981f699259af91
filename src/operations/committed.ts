/** The exports of one source as a commit holds them: read from git's blobs (never through the file system), checked, and only where somebody needs the records. */
import { createHash } from 'node:crypto'
import { parseCollectionFile, type CollectionFile } from '../export/collection-file.ts'
import { parseRecordsFile, type RecordsFile } from '../export/records-file.ts'
import { bucketOf, layoutText } from '../export/layout.ts'
import { readBlobs } from '../git/objects.ts'
import type { Repository } from '../git/repository.ts'
import { filesAt, type TreeFiles } from '../git/tree.ts'
import { compareBytes, type KeyText, type RecordText } from '../model/canonical.ts'
import { DamagedError } from '../model/errors.ts'

export interface CommittedCollection extends CollectionFile {
  /** `exports/app/traders` */
  readonly folder: string
  /** Bucket → blob id of its file. */
  readonly buckets: ReadonlyMap<string, string>
  /** Blob id of `collection.json`. */
  readonly fileId: string
}

/** Collections by their true names. */
export type Committed = ReadonlyMap<string, CommittedCollection>

const NONE: Committed = new Map()

export interface ExportsPlace {
  readonly repository: Repository
  /** `exports` */
  readonly exportsFolder: string
  readonly source: string
}

/**
 * What `commit` holds of a source, without reading a record.
 * @throws DamagedError for links, foreign files, or a broken `collection.json`
 */
export async function readCommitted(place: ExportsPlace, commit: string | undefined): Promise<Committed> {
  if (commit === undefined) return NONE
  return committedFrom(place, await filesAt(place.repository, commit, `${place.exportsFolder}/${place.source}`))
}

/** The same for any listing of files: a commit's, or the index's. */
export async function committedFrom(place: ExportsPlace, files: TreeFiles): Promise<Committed> {
  const folders = groupByFolder(files, `${place.exportsFolder}/${place.source}/`)
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

interface Folder {
  fileId: string | undefined
  readonly buckets: Map<string, string>
}

function groupByFolder(files: TreeFiles, prefix: string): Map<string, Folder> {
  const folders = new Map<string, Folder>()
  for (const [path, { mode, id }] of files) {
    const match = /^([A-Za-z0-9_%-]+)\/(?:(collection)\.json|([a-z0-9-]+)\.jsonl)$/.exec(path.slice(prefix.length))
    if (mode !== '100644')
      throw new DamagedError({ path }, `git mode ${mode}: not a plain file (a link, executable or submodule)`)
    if (match === null)
      throw new DamagedError({ path }, 'no file of an export; nothing else may stand in an exports folder')
    const name = `${prefix}${match[1]}`
    const folder = folders.get(name) ?? { fileId: undefined, buckets: new Map<string, string>() }
    folders.set(name, folder)
    if (match[2] === undefined) folder.buckets.set(match[3] as string, id)
    else folder.fileId = id
  }
  return folders
}

/**
 * What HEAD holds, in the folders where it belongs: a `collection.json` that names another collection than its folder is somebody's trick or mistake.
 * @throws DamagedError
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

/** The path of a bucket's file. */
export function bucketPath(folder: string, bucket: string): string {
  return `${folder}/${bucket}.jsonl`
}

/**
 * The records of some buckets (default: all) of a collection.
 * @throws DamagedError naming file, line and key
 */
export async function readRecords(
  place: ExportsPlace,
  collection: CommittedCollection | undefined,
  buckets?: Iterable<string>,
): Promise<Map<KeyText, RecordText>> {
  const records = new Map<KeyText, RecordText>()
  if (collection === undefined) return records
  const wanted = [...(buckets ?? collection.buckets.keys())].filter((bucket) => collection.buckets.has(bucket))
  const blobs = await readBlobs(
    place.repository,
    wanted.map((bucket) => collection.buckets.get(bucket) as string),
  )
  for (const bucket of wanted) {
    const path = bucketPath(collection.folder, bucket)
    const file = parseRecordsFile((blobs.get(collection.buckets.get(bucket) as string) as Buffer).toString(), path)
    checkPlace(file, collection, { path, bucket })
    for (const [key, text] of file.records) records.set(key, text)
  }
  return records
}

/** The records with these keys, read from the files they belong into. */
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

/** One text for all files of a collection: equal texts mean equal exports. */
export function filesDigest(collection: CommittedCollection): string {
  const buckets = [...collection.buckets].map(([bucket, id]) => `${bucket} ${id}`).sort(compareBytes)
  return createHash('sha256')
    .update([collection.fileId, ...buckets].join('\n'))
    .digest('hex')
}

/** Buckets whose files differ between two states of a collection; undefined: the layouts differ, so any record may be in any file. */
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
