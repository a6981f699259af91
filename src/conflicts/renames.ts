/**
 * Undoes wrong guesses of git's rename detection, which compares contents. When one side renamed a table, or made a similar one, git moves the other side's edits into the new
 * table's folder, or reports a conflict between files of two collections. Here each such collection is merged again from the two commits, by its name, in its own folder; one that
 * a side renamed and retired is merged into the new one.
 */
import { type CommittedCollection, bucketPath, filesDigest, readCommitted } from '../exports/committed.ts'
import { structureText } from '../format/collection-file.ts'
import { parseHeader } from '../format/header.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import type { TreeEntry } from '../git/objects/tree.ts'
import { type RenamedOnce, renameBetween } from './renamed-once.ts'
import type { ExportsPlace } from '../source/source.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type CommitsToMerge, type RelaidCollection, mergeWhole } from './layouts.ts'

/** Path → stage → entry, as `conflictedPaths` returns it. */
type Conflicted = ReadonlyMap<string, ReadonlyMap<number, TreeEntry>>

/**
 * Merges every collection that takes part in a conflict between files of different collections, each as a whole in its own folder. A collection that one side deleted while the
 * other changed its records is kept, unless that side has it under another name: then what the other wrote goes there.
 * @throws DamagedError when a file is damaged
 */
export async function separateMoved(
  workspace: Workspace,
  conflicted: Conflicted,
  commits: CommitsToMerge,
): Promise<RelaidCollection[]> {
  const separated: RelaidCollection[] = []
  for (const { name: source } of workspace.config.sources) {
    const place = { repository: workspace.repository, exportsFolder: workspace.config.exports, source }
    const mixed = new Set(await mixedCollections(place, conflicted))
    for (const name of mixed) {
      const rename = await renameBetween(place, name, commits)
      if (rename === undefined) continue
      separated.push(...(await mergeRenamed(workspace, place, { ...rename, commits })))
      for (const done of [name, rename.renamed.schema.name]) mixed.delete(done)
    }
    for (const name of mixed) {
      const found = await mergeNamed(workspace, place, { name, commits })
      if (found !== undefined) separated.push(found)
    }
  }
  return separated
}

/** What both sides wrote, under the new name; the files of the old one are removed. */
async function mergeRenamed(
  workspace: Workspace,
  place: ExportsPlace,
  { former, renamed, commits }: RenamedOnce & { readonly commits: CommitsToMerge },
): Promise<RelaidCollection[]> {
  const at = { commits, sides: [renamed, renamed] as const, layout: renamed.layout, former }
  const merged = await mergeWhole(workspace, place, at)
  const paths = [...former.buckets.keys()].map((bucket) => bucketPath(former.folder, bucket))
  const removed = [`${former.folder}/collection.json`, ...paths].map((path) => [path, undefined] as const)
  return [merged, { folder: former.folder, files: new Map(removed), decisions: 0, into: renamed.folder }]
}

/** The names of the collections whose files conflict with a file of another collection, or that one side retired while the other wrote in them: git leaves the written files without the others. */
async function mixedCollections(place: ExportsPlace, conflicted: Conflicted): Promise<ReadonlySet<string>> {
  const mixed = new Set<string>()
  for (const [file, stages] of conflicted) {
    if (!file.startsWith(`${place.exportsFolder}/${place.source}/`) || !file.endsWith('.jsonl')) continue
    const ids = [...stages.values()].filter(({ mode }) => mode === '100644').map(({ id }) => id)
    const blobs = await readBlobs(place.repository, ids)
    const headers = [...blobs.values()].map((bytes) => parseHeader(firstLine(bytes), file))
    const names = new Set(headers.map(({ collection }) => collection))
    const isGone = !stages.has(2) || !stages.has(3)
    if (names.size > 1 || isGone) for (const name of names) mixed.add(name)
  }
  return mixed
}

function firstLine(bytes: Buffer): string {
  const end = bytes.indexOf(0x0a)
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString()
}

/** Merges one collection. undefined when there is nothing to keep, or the sides have different structures, which a person has to decide. */
async function mergeNamed(
  workspace: Workspace,
  place: ExportsPlace,
  { name, commits }: { readonly name: string; readonly commits: CommitsToMerge },
): Promise<RelaidCollection | undefined> {
  const at = async (commit: string): Promise<CommittedCollection | undefined> =>
    (await readCommitted(place, commit)).get(name)
  const [fork, ours, theirs] = [await at(commits.fork), await at(commits.ours), await at(commits.theirs)]
  if (ours !== undefined && theirs !== undefined) {
    if (structureText(ours.schema) !== structureText(theirs.schema)) return undefined
    return mergeWhole(workspace, place, { commits, sides: [ours, theirs], layout: theirs.layout })
  }
  const only = ours ?? theirs
  const isUntouched = only !== undefined && fork !== undefined && filesDigest(only) === filesDigest(fork)
  return only === undefined || isUntouched ? undefined : asItIs(place, only)
}

/** The files of a collection that only one side has, unchanged. */
async function asItIs(place: ExportsPlace, collection: CommittedCollection): Promise<RelaidCollection> {
  const { folder, fileId, buckets } = collection
  const ids = new Map([[`${folder}/collection.json`, fileId]])
  for (const [bucket, id] of buckets) ids.set(bucketPath(folder, bucket), id)
  const blobs = await readBlobs(place.repository, ids.values())
  const files = new Map([...ids].map(([file, id]) => [file, (blobs.get(id) as Buffer).toString()]))
  return { folder, files, decisions: 0 }
}
