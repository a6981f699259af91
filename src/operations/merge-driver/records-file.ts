/** The merge of a records file as the merge driver makes it: by history in a true merge, else three-way over the base that git gives. */
import path from 'node:path'
import { type HistoryMerge, openHistoryMerge } from '../../conflicts/by-history.ts'
import { rulesOf, schemaBeside } from '../../conflicts/rules.ts'
import { type FileMerge, mergeFiles } from '../../conflicts/three-way.ts'
import { parseHeader } from '../../format/header.ts'
import { parseRecordsFile, recordsFileText } from '../../format/records-file.ts'
import { mergeBases } from '../../git/history/commits.ts'
import type { Repository } from '../../git/repository.ts'
import { newFields } from '../../history/filled.ts'
import { NO_WRITER, type SideStamps, lastWrites } from '../../history/writers.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import { DamagedError } from '../../model/errors.ts'
import { once } from '../../model/once.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { CommitsThatMerge } from './commits.ts'

/** A file as git gives it to be merged. An empty text: that side, or the base, has no such file. */
export interface FileTexts {
  /** From the repository's root. */
  readonly path: string
  readonly base: string
  readonly ours: string
  readonly theirs: string
}

export interface MergedFileText {
  readonly text: string
  /** False when the base that git gives had no influence: history told it all. */
  readonly usesBase: boolean
}

/** Merges one records file. The result depends on the commits, the configuration, and the file's path and texts alone. @throws DamagedError when a side is damaged or in another layout */
export type RecordsMerge = (file: FileTexts) => Promise<MergedFileText>

/** Answers the structure beside a file at a commit. */
type SchemaAt = (commit: string) => (folder: string) => Promise<CollectionSchema | undefined>

/**
 * Opens the merge of records files. What is read of commits is kept for the next file.
 * @param expected paths of the files that will be merged, so that what they need is read in one batch
 */
export function openRecordsMerge(
  workspace: Workspace,
  commits: CommitsThatMerge,
  expected: readonly string[] = [],
): RecordsMerge {
  const { repository } = workspace
  const schemaAt: SchemaAt = once((commit) =>
    once((folder) => schemaBeside(repository, `${folder}/records.jsonl`, commit)),
  )
  const { head, merged } = commits
  const byHistory: HistoryMerge =
    head === undefined || merged === undefined
      ? () => Promise.resolve(undefined)
      : openHistoryMerge(workspace, { ours: head, theirs: merged }, expected)
  return async (file) => {
    const keyFields = checkPlace(workspace, file)
    const schema = await schemaAt('HEAD')(path.posix.dirname(file.path))
    const known = await byHistory({ file: file.path, texts: file, schema })
    if (known !== undefined) return { text: known.text, usesBase: false }
    const stamps = await stampsOf(repository, commits, { file: file.path, keyFields })
    const merge = mergeFiles({
      base: { path: `${file.path} (base)`, text: file.base },
      ours: { path: `${file.path} (ours)`, text: file.ours },
      theirs: { path: `${file.path} (theirs)`, text: file.theirs },
      rulesFor: (header) => rulesOf(workspace, header, schema),
      newFields: await freshFields(schemaAt, file.path, stamps.commits),
      stamps: () => (key) => ({ ours: stamps.ours(key), theirs: stamps.theirs(key) }),
    })
    return { text: commits.isRebase ? upstreamKeeps(merge, file.ours) : merge.text, usesBase: true }
  }
}

/** The header must say what the path says, else git's rename detection brought an edit to the wrong file. Answers its key fields. */
function checkPlace(workspace: Workspace, file: FileTexts): readonly string[] {
  if (file.ours === '') return []
  const header = parseHeader(file.ours.slice(0, file.ours.indexOf('\n')), file.path)
  const [source, , name] = file.path.slice(workspace.config.exports.length + 1).split('/')
  if (header.source === source && `${header.bucket}.jsonl` === name) return header.key
  throw new DamagedError({ path: file.path, line: 1 }, `the header names ${header.source}/${header.bucket}.jsonl`)
}

/** Fork, ours, theirs; undefined where git does not tell. */
type MergedCommitIds = readonly [fork: string, ours: string, theirs: string] | undefined

async function freshFields(schemaAt: SchemaAt, file: string, commits: MergedCommitIds): Promise<string[]> {
  if (commits === undefined) return []
  const schemas: ({ readonly schema: CollectionSchema } | undefined)[] = []
  for (const commit of commits) {
    const schema = await schemaAt(commit)(path.posix.dirname(file))
    schemas.push(schema === undefined ? undefined : { schema })
  }
  return newFields(schemas[0], schemas.slice(1))
}

/** Who wrote each record of the file last on each side; nobody where git does not tell the commit that it takes in. */
async function stampsOf(
  repository: Repository,
  commits: CommitsThatMerge,
  { file, keyFields }: { readonly file: string; readonly keyFields: readonly string[] },
): Promise<SideStamps & { readonly commits: MergedCommitIds }> {
  const { head = '', incoming: theirs, isRebase } = commits
  if (theirs === undefined) return { commits: undefined, ours: () => NO_WRITER, theirs: () => NO_WRITER }
  const since = isRebase ? [`${theirs}^`] : await mergeBases(repository, head, theirs)
  const place = { place: file, key: keyFields }
  return {
    commits: since[0] === undefined ? undefined : [since[0], head, theirs],
    ours: await lastWrites(repository, { range: [head, '--not', ...since], ...place }),
    theirs: await lastWrites(repository, { range: [theirs, '--not', ...since], ...place }),
  }
}

/** In a rebase ours is upstream: published, perhaps applied elsewhere. Its record keeps a number that both took. */
function upstreamKeeps(merge: FileMerge, ours: string): string {
  if (merge.collisions.every(({ keptSide }) => keptSide === 'ours')) return merge.text
  const upstream = parseRecordsFile(ours, 'ours')
  const merged = new Map(merge.merged)
  for (const { key } of merge.collisions) merged.set(key, upstream.records.get(key) ?? '')
  return recordsFileText(upstream.header, merged)
}
