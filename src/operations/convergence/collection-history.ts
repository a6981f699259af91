/** One collection over its history: what each commit's files say of a record, and which records a commit wrote. Reads git in batches; answers at once from what was read. */
import { parseCollectionFile } from '../../export/collection-file.ts'
import { parseHeader, type Header } from '../../export/header.ts'
import { bucketOf } from '../../export/layout.ts'
import { parseRecordsFile } from '../../export/records-file.ts'
import { openFolder, type FolderFiles } from '../../git/folders.ts'
import { isByRule, type CommitGraph } from '../../git/graph.ts'
import { heldName, recordName, RULE_VERSION } from '../../git/history.ts'
import { NotRead } from '../../git/lazily.ts'
import { readBlobs } from '../../git/objects.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { CollectionSchema, Layout } from '../../model/collection.ts'
import type { RecordHistory } from '../../model/history.ts'
import { once } from '../../model/once.ts'
import type { ExportsPlace } from '../committed.ts'
import { recordInLine } from '../record-stamps.ts'
import { openKnownMerges, type KnownMerges } from './known-merges.ts'
import type { Records } from '../live.ts'

/** Key → record as the second file has it; undefined where only the first has one. */
export type Difference = ReadonlyMap<KeyText, RecordText | undefined>

/** What a live database holds on top of a commit, as if it were a commit itself. */
export interface LiveCommit {
  readonly id: string
  readonly records: Records
  /** What it lacks of a record that a merge had dropped is meant so. Not for an export: its commit has to say it. */
  readonly isMeant: boolean
}

export interface HistoryPlace extends ExportsPlace {
  readonly collection: string
  /** `exports/app/traders` */
  readonly folder: string
  readonly graph: CommitGraph
  readonly live?: LiveCommit | undefined
  /** Changes what a commit said, for fields that a migration brought later. */
  readonly filled?: ((text: RecordText, schema: CollectionSchema) => RecordText) | undefined
}

/** Every look-up may throw NotRead: ask inside `complete`. */
export interface CollectionHistory {
  readonly graph: CommitGraph
  /** The commit that stands for a live database, if there is one. */
  readonly liveId: string | undefined
  /** Bucket → blob of its file; empty where the commit has no such collection. */
  buckets(commit: string): FolderFiles
  layout(commit: string): Layout | undefined
  /** The records in which a file differs from another, as it has them; only lines that differ are parsed. A damaged or absent file says nothing: then all records of the other. */
  difference(from: string | undefined, to: string | undefined): Difference
  /** The records of a blob; undefined when it is damaged: then it says nothing. */
  records(blob: string): Records | undefined
  content(commit: string, key: KeyText): RecordText | undefined
  isSettled(commit: string): boolean
  /** The same history as the rule reads it, record by record. */
  of(key: KeyText): RecordHistory
  /** What this clone found out about merges before; undefined where earlier records are read otherwise than they were written. */
  knownMerges(): Promise<KnownMerges | undefined>
  /** Reads the folder at these commits at once. */
  readFolders(commits: Iterable<string>): Promise<void>
  /** Reads these blobs at once. */
  readBlobs(ids: Iterable<string | undefined>): Promise<void>
}

interface File {
  readonly schema: CollectionSchema
  readonly layout: Layout
}

interface Blobs {
  records(id: string): Records | undefined
  difference(from: string | undefined, to: string | undefined): Difference
  file(id: string): File | undefined
  load(ids: Iterable<string | undefined>): Promise<void>
}

/** What blobs hold, each read and parsed once. */
function openBlobs(repository: HistoryPlace['repository']): Blobs {
  const texts = new Map<string, string>()
  const load = async (ids: Iterable<string | undefined>): Promise<void> => {
    const missing = [...new Set(ids)].filter((id) => id !== undefined && !texts.has(id)) as string[]
    for (const [id, bytes] of await readBlobs(repository, missing)) texts.set(id, bytes.toString())
  }
  const textOf = (id: string): string => {
    const text = texts.get(id)
    if (text === undefined) throw new NotRead(`blob ${id}`, () => load([id]))
    return text
  }
  const differencesFrom = once((from: string | undefined) =>
    once((to: string | undefined) => differenceOf(from && textOf(from), to && textOf(to))),
  )
  return {
    load,
    records: once((id: string) => recordsIn(textOf(id))),
    difference: (from, to) => differencesFrom(from)(to),
    file: once((id: string) => fileIn(textOf(id))),
  }
}

export function openCollectionHistory(place: HistoryPlace): CollectionHistory {
  const { repository, graph, live, source, collection } = place
  const folder = openFolder(repository, place.folder)
  const blobs = openBlobs(repository)
  // the same listing answers with the same map, so that equal folders are told by identity
  const bucketsOf = once(bucketsIn)
  const fileAt = (commit: string): File | undefined => {
    const id = folder.files(commit).get('collection.json')
    return id === undefined ? undefined : blobs.file(id)
  }
  const isSettled = (commit: string): boolean => {
    if (commit === live?.id) return false
    const facts = graph.commit(commit)
    const held = [heldName(source, collection), heldName(source)]
    return facts.rule?.version === RULE_VERSION && isByRule(facts) && !held.some((name) => facts.held.includes(name))
  }
  /** A file that a commit lost, or left damaged, says nothing: what its parent said stands. */
  const content = (id: string, key: KeyText): RecordText | undefined => {
    if (id === live?.id) return live.records.get(key)
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
      return text === undefined || place.filled === undefined ? text : place.filled(text, file.schema)
    }
    return undefined
  }
  return {
    graph,
    liveId: live?.id,
    records: (id) => blobs.records(id),
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
      region: (of, without) => graph.region(of, without),
      isAncestor: (ancestor, id) => graph.isAncestor(ancestor, id),
      bases: (a, b) => graph.bases(a, b),
    }),
    knownMerges: async () => (place.filled === undefined ? openKnownMerges(repository, place.folder) : undefined),
    readFolders: (commits) => folder.read([...commits].filter((id) => id !== live?.id)),
    readBlobs: (ids) => blobs.load(ids),
  }
}

/** Equal lines are equal records. */
function differenceOf(from: string | undefined, to: string | undefined): Difference {
  if (from === undefined || to === undefined) return new Map(recordsIn(to ?? from ?? ''))
  const [before, after] = [from.split('\n'), to.split('\n')]
  const header = headerIn(after[0] ?? '')
  if (header === undefined || before[0] !== after[0]) return wholeDifference(recordsIn(from), recordsIn(to))
  const old = new Set(before)
  const fresh = after.filter((line) => !old.delete(line))
  const difference = new Map<KeyText, RecordText | undefined>()
  for (const [lines, isThere] of [[old, false] as const, [fresh, true] as const])
    for (const line of lines) {
      const record = recordInLine(line, header.key)
      if (record === undefined) return wholeDifference(recordsIn(from), recordsIn(to))
      difference.set(record.key, isThere ? record.text : undefined)
    }
  return difference
}

function wholeDifference(from: Records | undefined, to: Records | undefined): Difference {
  if (from === undefined || to === undefined) return new Map(to ?? from)
  const difference = new Map<KeyText, RecordText | undefined>()
  for (const key of from.keys()) if (!to.has(key)) difference.set(key, undefined)
  for (const [key, text] of to) if (from.get(key) !== text) difference.set(key, text)
  return difference
}

function headerIn(line: string): Header | undefined {
  try {
    return parseHeader(line, 'history')
  } catch {
    return undefined
  }
}

function fileIn(text: string): File | undefined {
  try {
    return parseCollectionFile(text, 'history')
  } catch {
    return undefined
  }
}

function recordsIn(text: string): Records | undefined {
  try {
    return parseRecordsFile(text, 'history').records
  } catch {
    return undefined // a damaged file of the past decides nothing; what HEAD holds is checked where it is read
  }
}

function bucketsIn(files: FolderFiles): FolderFiles {
  return new Map([...files].filter(([name]) => name.endsWith('.jsonl')).map(([name, id]) => [name.slice(0, -6), id]))
}
