/**
 * Git's rename detection goes by looks: where one side renamed a table, or made one like it, it carries the other side's edits into the new table's folder, or ends in a
 * conflict of files that belong to two collections. Here each collection is put back into its own folder, from the two commits, by its name.
 */
import { parseHeader } from '../export/header.ts'
import { structureText } from '../export/collection-file.ts'
import { readBlobs } from '../git/objects.ts'
import type { TreeEntry } from '../git/tree.ts'
import { bucketPath, filesDigest, readCommitted, type CommittedCollection, type ExportsPlace } from './committed.ts'
import { mergeWhole, type Meeting, type RelaidCollection } from './resolve-layouts.ts'
import type { Workspace } from './workspace.ts'

type Conflicted = ReadonlyMap<string, ReadonlyMap<number, TreeEntry>>

/**
 * The collections of all conflicts that mix some, each merged whole in its own folder. One that a side deleted while the other changed its records is kept.
 * @throws DamagedError
 */
export async function separateMoved(
  workspace: Workspace,
  conflicted: Conflicted,
  meeting: Meeting,
): Promise<RelaidCollection[]> {
  const separated: RelaidCollection[] = []
  for (const { name: source } of workspace.config.sources) {
    const place = { repository: workspace.repository, exportsFolder: workspace.config.exports, source }
    for (const name of await mixedCollections(place, conflicted)) {
      const found = await mergeNamed(workspace, place, { name, meeting })
      if (found !== undefined) separated.push(found)
    }
  }
  return separated
}

/** Names of the collections whose files meet in one path. */
async function mixedCollections(place: ExportsPlace, conflicted: Conflicted): Promise<ReadonlySet<string>> {
  const mixed = new Set<string>()
  for (const [file, stages] of conflicted) {
    if (!file.startsWith(`${place.exportsFolder}/${place.source}/`) || !file.endsWith('.jsonl')) continue
    const ids = [...stages.values()].filter(({ mode }) => mode === '100644').map(({ id }) => id)
    const blobs = await readBlobs(place.repository, ids)
    const headers = [...blobs.values()].map((bytes) => parseHeader(firstLine(bytes), file))
    const names = new Set(headers.map(({ collection }) => collection))
    if (names.size > 1) for (const name of names) mixed.add(name)
  }
  return mixed
}

function firstLine(bytes: Buffer): string {
  const end = bytes.indexOf(0x0a)
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString()
}

/** Undefined: nothing to keep, or a structure that both sides changed, which a person decides. */
async function mergeNamed(
  workspace: Workspace,
  place: ExportsPlace,
  { name, meeting }: { readonly name: string; readonly meeting: Meeting },
): Promise<RelaidCollection | undefined> {
  const at = async (commit: string): Promise<CommittedCollection | undefined> =>
    (await readCommitted(place, commit)).get(name)
  const [fork, ours, theirs] = [await at(meeting.fork), await at(meeting.ours), await at(meeting.theirs)]
  if (ours !== undefined && theirs !== undefined) {
    if (structureText(ours.schema) !== structureText(theirs.schema)) return undefined
    return mergeWhole(workspace, place, { meeting, sides: [ours, theirs], layout: theirs.layout })
  }
  const only = ours ?? theirs
  const isUntouched = only !== undefined && fork !== undefined && filesDigest(only) === filesDigest(fork)
  return only === undefined || isUntouched ? undefined : asItIs(place, only)
}

async function asItIs(place: ExportsPlace, collection: CommittedCollection): Promise<RelaidCollection> {
  const { folder, fileId, buckets } = collection
  const ids = new Map([[`${folder}/collection.json`, fileId]])
  for (const [bucket, id] of buckets) ids.set(bucketPath(folder, bucket), id)
  const blobs = await readBlobs(place.repository, ids.values())
  const files = new Map([...ids].map(([file, id]) => [file, (blobs.get(id) as Buffer).toString()]))
  return { folder, files, decisions: 0 }
}
