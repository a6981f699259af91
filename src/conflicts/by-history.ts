/** Merges records files of two commits by the rule over their history. Separate from the three-way merge of files, which does not know commits. */
import path from 'node:path'
import { type Header, headerText } from '../format/header.ts'
import { bucketOf } from '../format/layout.ts'
import { knownFile, parseRecordsFile, recordsFileText } from '../format/records-file.ts'
import { openGraph } from '../git/history/graph.ts'
import { blobId } from '../git/objects/blobs.ts'
import { filesAt } from '../git/objects/tree.ts'
import { type BucketMerges, type CommitPair, openBucketMerges } from '../history/commit-merge.ts'
import type { CollectionSchema } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import { once } from '../model/once.ts'
import type { Sides } from '../model/side.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { rulesOf } from './rules.ts'

/** A records file as git gives it to be merged. */
export interface FileOfCommits {
  /** From the repository's root. */
  readonly file: string
  readonly texts: Sides<string>
  /** The structure beside the file, for the rules. */
  readonly schema: CollectionSchema | undefined
}

/** The text of the merged file, and what was decided. */
export interface FileByHistory {
  readonly text: string
  readonly decisions: readonly Decision[]
}

/**
 * Merges a file. undefined when history cannot tell: git gave other texts than these commits hold (an inner merge of a criss-cross, a renamed file, a rebase), a side has no such
 * file, or the sides are in different layouts.
 * @throws DamagedError when a side is damaged
 */
export type HistoryMerge = (file: FileOfCommits) => Promise<FileByHistory | undefined>

/**
 * Opens the merge of two commits' files. What history says of a collection is read once, with its first file.
 * @param expected paths of the files that will be merged; what those of one collection need is then read in one batch
 */
export function openHistoryMerge(
  workspace: Workspace,
  pair: CommitPair,
  expected: readonly string[] = [],
): HistoryMerge {
  const { repository } = workspace
  const commits = { graph: openGraph(repository), ...pair }
  const listing = once((commit: string) => once((folder: string) => filesAt(repository, commit, folder)))
  const collections = new Map<string, Promise<BucketMerges>>()
  const collectionOf = (place: NamedCollection): Promise<BucketMerges> => {
    const name = JSON.stringify([place.folder, { ...place.header, bucket: '' }, place.schema])
    const opened = collections.get(name) ?? openCollection(workspace, place, { commits, expected })
    collections.set(name, opened)
    return opened
  }
  return async ({ file, texts, schema }) => {
    if (texts.ours === '' || texts.theirs === '') return undefined
    const folder = path.posix.dirname(file)
    for (const side of ['ours', 'theirs'] as const) {
      const id = blobId(Buffer.from(texts[side]), repository.objectFormat)
      if ((await listing(pair[side])(folder)).get(file)?.id !== id) return undefined
    }
    const mine = parseRecordsFile(texts.ours, `${file} (ours)`)
    const { header, records } = mine
    const other = parseRecordsFile(texts.theirs, `${file} (theirs)`, knownFile(header, records))
    if (headerText(header) !== headerText(other.header)) return undefined
    const collection = await collectionOf({ folder, header, schema })
    const isHere = (key: string): boolean => bucketOf(key, header.layout) === header.bucket
    const { merged, decisions } = await collection.merge({ records, bucket: header.bucket, isHere })
    return { text: recordsFileText(header, merged), decisions }
  }
}

/** A collection as one of its files tells it. */
interface NamedCollection {
  readonly folder: string
  readonly header: Header
  readonly schema: CollectionSchema | undefined
}

async function openCollection(
  workspace: Workspace,
  { folder, header, schema }: NamedCollection,
  { commits, expected }: { readonly commits: CommitPair; readonly expected: readonly string[] },
): Promise<BucketMerges> {
  const { repository, config } = workspace
  const rules = rulesOf(workspace, header, schema)
  const place = {
    repository,
    exportsFolder: config.exports,
    source: header.source,
    rules: () => rules,
    folder: () => folder,
  }
  const merges = await openBucketMerges(place, header.collection, commits)
  const here = expected.filter((file) => path.posix.dirname(file) === folder)
  await merges.readAhead(here.map((file) => path.posix.basename(file, '.jsonl')))
  return merges
}

/** Merges one records file by history when both sides are commits, as in a true merge. undefined when they are not, and when history cannot tell. @throws DamagedError when a side is damaged */
export async function mergeByHistory(
  workspace: Workspace,
  file: string,
  at: {
    readonly commits: Sides<string | undefined>
    readonly texts: Sides<string>
    readonly schema: CollectionSchema | undefined
  },
): Promise<FileByHistory | undefined> {
  const { ours, theirs } = at.commits
  if (ours === undefined || theirs === undefined) return undefined
  return openHistoryMerge(workspace, { ours, theirs })({ file, texts: at.texts, schema: at.schema })
}
