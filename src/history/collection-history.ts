/** The history of one collection: what each commit's files say of its records. Reads git in batches, and answers synchronously from what was read. */
import { bucketOf } from '../format/layout.ts'
import { type FolderFiles, type FolderHistory, openFolder } from '../git/objects/folders.ts'
import { type CommitGraph, isByRule } from '../git/history/graph.ts'
import { RULE_VERSION, heldName, recordName } from '../git/history/trailers.ts'
import { complete } from '../git/history/lazily.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { CollectionSchema, Layout } from '../model/collection.ts'
import type { RecordHistory } from '../model/history.ts'
import { once } from '../model/once.ts'
import type { Records } from '../model/records.ts'
import type { ExportsPlace } from '../source/source.ts'
import { type Blobs, type BucketContent, type Difference, type File, openBlobs } from './collection-blobs.ts'
import { copiesIn } from './copied.ts'
import { type KnownMerges, openKnownMerges } from './known-merges.ts'

/** The records of a live database, treated as a commit that git does not have. */
export interface LiveCommit {
  readonly id: string
  readonly records: Records
  /** True: what is missing here counts as deleted, even if a merge dropped it. False for an export: there the data commit has to say so itself (accepted.ts). */
  readonly isMeant: boolean
}

export interface HistoryPlace extends ExportsPlace {
  readonly collection: string
  /** The folder of the collection's files, for example `exports/app/traders`. */
  readonly folder: string
  /** The collection's name and folder in commits before it was renamed. */
  readonly former?: { readonly collection: string; readonly folder: string } | undefined
  readonly graph: CommitGraph
  readonly live?: LiveCommit | undefined
  /** Reads a committed record as a later migration left it: with the fields that it added or whose type it changed (filled.ts). */
  readonly filled?: ((text: RecordText, schema: CollectionSchema) => RecordText) | undefined
}

/** The synchronous functions may throw NotRead, so they have to be called inside `complete`. */
export interface CollectionHistory {
  readonly graph: CommitGraph
  /** The id of the commit that stands for a live database; undefined when there is none. */
  readonly liveId: string | undefined
  /** True when records of earlier commits are read as later migrations left them, so that a line does not say by itself what its record is (`HistoryPlace.filled`). */
  readonly isMigrated: boolean
  /** Bucket → id of its file's blob; empty when the commit does not have the collection. Commits with the same folder get the same Map object. */
  buckets(commit: string): FolderFiles
  /** undefined when the commit does not have the collection, or its `collection.json` is damaged. */
  layout(commit: string): Layout | undefined
  /** The records in which two files (blob ids) differ. Only lines that differ are parsed. If one file is damaged or absent, these are all records of the other. */
  difference(from: string | undefined, to: string | undefined): Difference
  /** The records of a blob; undefined when it is damaged. */
  records(blob: string): Records | undefined
  /** True when a blob is an undamaged file of these records and no other; it is not parsed for that. */
  holds(blob: string, bucket: BucketContent): boolean
  /** The record in the commit's files; undefined when they do not have it. For a file that is lost or damaged, the parent's file counts. */
  content(commit: string, key: KeyText): RecordText | undefined
  /** True when such a field, or its type, came with `commit`: its parent does not declare it so. */
  bringsFields(parent: string, commit: string): boolean
  /** True when the commit is a complete export by this version of the rule, so that nothing before it has to be looked at (model/history.ts). */
  isSettled(commit: string): boolean
  /** The history of one record, as the merge rule reads it. */
  of(key: KeyText): RecordHistory
  /** The results about merges that earlier runs stored in this clone. undefined when `filled` or `former` is used, because the results depend on it. */
  knownMerges(): Promise<KnownMerges | undefined>
  /** Reads the folder at all these commits in one batch. */
  readFolders(commits: Iterable<string>): Promise<void>
  /** Reads all these blobs in one batch. */
  readBlobs(ids: Iterable<string | undefined>): Promise<void>
  /** Reads the blobs of many items, some items at a time, calls `use` for each, and drops the blobs again: they would take as much memory as the whole collection. */
  eachWithBlobs<Item>(
    items: readonly Item[],
    blobsOf: (item: Item) => readonly (string | undefined)[],
    use: (item: Item) => void | Promise<void>,
  ): Promise<void>
}

/** So many commits that say nothing of the collection are looked through for the one before them that does. Behind more of them, a line means what the structure beside it says. */
const CODE_COMMITS = 100

/** Items whose blobs are in memory together. */
const ITEMS_AT_ONCE = 256

/** A record as a commit's files have it. */
interface StatedRecord {
  readonly text: RecordText
  readonly file: File
  /** The commit whose files have it. */
  readonly at: string
}

/**
 * The files of the collection at each commit. For one that was renamed: under its own name, else under the former one. A commit that has neither is one of two in which a machine retired the
 * former name and brought the new one; its first parent's files count.
 */
function openFolders({ repository, graph, folder, former }: HistoryPlace): FolderHistory {
  const own = openFolder(repository, folder)
  if (former === undefined) return own
  const before = openFolder(repository, former.folder)
  const stated = (commit: string): FolderFiles | undefined =>
    [own, before].map((each) => each.files(commit)).find((each) => each.has('collection.json'))
  const files = once((commit: string): FolderFiles => {
    let at: string | undefined = commit
    for (let steps = 0; at !== undefined && steps < CODE_COMMITS; steps++) {
      const found = stated(at)
      if (found !== undefined) return found
      at = graph.commit(at).parents[0]
    }
    return own.files(commit)
  })
  // `files` must be able to answer for these commits without reading more
  const read = async (commits: Iterable<string>): Promise<void> => {
    let next = [...commits]
    for (let steps = 0; next.length > 0 && steps < CODE_COMMITS; steps++) {
      for (const each of [own, before]) await each.read(next)
      const without = next.filter((id) => stated(id) === undefined)
      next = [...new Set(await complete(() => without.flatMap((id) => graph.commit(id).parents.slice(0, 1))))]
    }
  }
  return { files, read }
}

/** What reading records of commits needs. */
interface Opened {
  readonly folder: FolderHistory
  readonly blobs: Blobs
  readonly fileAt: (commit: string) => File | undefined
  readonly isSettled: CollectionHistory['isSettled']
}

/** Answers the record that a commit holds under a key, as later migrations left it (`CollectionHistory.content`). */
function openContents(place: HistoryPlace, opened: Opened): CollectionHistory['content'] {
  const { graph, live } = place
  const { folder, blobs, fileAt, isSettled } = opened
  // for a file that a commit lost or left damaged, the file of its first parent counts
  const committed = (id: string, key: KeyText): StatedRecord | undefined => {
    for (
      let at: string | undefined = id;
      at !== undefined;
      at = isSettled(at) ? undefined : graph.commit(at).parents[0]
    ) {
      const file = fileAt(at)
      if (file === undefined) return undefined
      const blob = folder.files(at).get(`${bucketOf(key, file.layout)}.jsonl`)
      const known = blob === undefined ? undefined : blobs.records(blob)
      if (known === undefined) continue
      const text = known.get(key)
      return text === undefined ? undefined : { text, file, at }
    }
    return undefined
  }
  const content = (id: string, key: KeyText): RecordText | undefined => {
    if (id === live?.id) return live.records.get(key)
    const found = committed(id, key)
    if (found === undefined || place.filled === undefined) return found?.text
    const origin = originOf(found, key)
    return origin === undefined ? place.filled(found.text, found.file.schema) : content(origin, key)
  }
  /** The nearest commit, from this one back, that may have written the collection: commits of code have the folder of their parent. */
  const writerOf = once((id: string): string => {
    let at = id
    for (let steps = 0; steps < CODE_COMMITS && !isSettled(at); steps++) {
      const [parent, other] = graph.commit(at).parents
      if (parent === undefined || other !== undefined || folder.files(parent) !== folder.files(at)) break
      at = parent
    }
    return at
  })
  /** The parent of a merge from which the line came as it is: git takes lines from a side that had not migrated yet. undefined where the line means what the structure beside it says. */
  const originOf = (found: StatedRecord, key: KeyText): string | undefined => {
    const writer = writerOf(found.at)
    if (isSettled(writer)) return undefined
    const { parents } = graph.commit(writer)
    if (parents.length < 2) return undefined
    const same = parents.filter((id) => committed(id, key)?.text === found.text)
    // a side that had migrated meant the line as it is
    return same.find((id) => fileAt(id) === found.file) ?? same[0]
  }
  return content
}

/** Opens the history of one collection; nothing is read before it is asked for. */
export function openCollectionHistory(place: HistoryPlace): CollectionHistory {
  const { repository, graph, live, source, collection, former } = place
  const folder = openFolders(place)
  const blobs = openBlobs(repository)
  // the same listing gives the same Map object, so that callers can compare folders by identity
  const bucketsOf = once(bucketsIn)
  const fileAt = (commit: string): File | undefined => {
    const id = folder.files(commit).get('collection.json')
    return id === undefined ? undefined : blobs.file(id)
  }
  const isSettled = (commit: string): boolean => {
    if (commit === live?.id) return false
    const facts = graph.commit(commit)
    const held = [heldName(source, collection), heldName(source)]
    if (former !== undefined) held.push(heldName(source, former.collection))
    return facts.rule?.version === RULE_VERSION && isByRule(facts) && !held.some((name) => facts.held.includes(name))
  }
  const content = openContents(place, { folder, blobs, fileAt, isSettled })
  const ancestry = ancestryIn(graph)
  return {
    bringsFields: (parent, commit) => {
      if (place.filled === undefined) return false
      const known = new Map(fileAt(parent)?.schema.fields.map(({ name, type }) => [name, type]))
      return fileAt(commit)?.schema.fields.some(({ name, type }) => known.get(name) !== type) === true
    },
    graph,
    liveId: live?.id,
    isMigrated: place.filled !== undefined,
    records: (id) => blobs.records(id),
    holds: (id, bucket) => blobs.holds(id, bucket),
    difference: (from, to) => blobs.difference(from, to),
    content,
    isSettled,
    buckets: (commit) => bucketsOf(folder.files(commit)),
    layout: (commit) => fileAt(commit)?.layout,
    of: (key) => ({
      commit: (id) => {
        const { parents, since, at, asset, author, exportId, quoted, accepted } = graph.commit(id)
        const accepts = id === live?.id ? live.isMeant : accepted.includes(recordName(source, collection, key))
        return { id, parents, since, at, asset: asset ?? author, exportId, quoted, accepts }
      },
      content: (id) => content(id, key),
      isSettled,
      ...ancestry,
    }),
    knownMerges: async () =>
      place.filled === undefined && former === undefined ? openKnownMerges(repository, place.folder) : undefined,
    readFolders: (commits) => folder.read([...commits].filter((id) => id !== live?.id)),
    readBlobs: (ids) => blobs.load(ids),
    eachWithBlobs: async (items, blobsOf, use) => {
      for (let from = 0; from < items.length; from += ITEMS_AT_ONCE) {
        const some = items.slice(from, from + ITEMS_AT_ONCE)
        const ids = some.flatMap(blobsOf)
        await blobs.load(ids)
        for (const item of some) await use(item)
        blobs.forget(ids)
      }
    },
  }
}

/** What the graph says of commits is the same for all records. */
function ancestryIn(graph: CommitGraph): Pick<RecordHistory, 'region' | 'isAncestor' | 'copies' | 'bases'> {
  return {
    region: (of, without) => graph.region(of, without),
    isAncestor: (ancestor, id) => graph.isAncestor(ancestor, id),
    copies: copiesIn(graph),
    bases: (a, b) => graph.bases(a, b),
  }
}

function bucketsIn(files: FolderFiles): FolderFiles {
  return new Map([...files].filter(([name]) => name.endsWith('.jsonl')).map(([name, id]) => [name.slice(0, -6), id]))
}
