/** Whether a collection that HEAD changed may be applied here; if not, the reason and the next step, in words. */
import { type CommittedCollection, bucketPath } from '../../exports/committed.ts'
import { commitsOf, stampOf } from '../../git/history/commits.ts'
import type { Selection } from '../../model/collection.ts'
import { driftOf, driftReason } from '../../schema/drift.ts'
import { type Holds, absentReason } from '../../source/holds.ts'
import type { Source } from '../../source/source.ts'
import type { ChangedCollection, MergeableCollection } from '../../sync-point/changed-collections.ts'
import type { Past } from '../../sync-point/past.ts'

/** The collection, if it may be; undefined, with a reason in `holds` where people should know: excluded here, missing here, drifted, without a key, of an unknown past, gone from HEAD. */
export async function mayApply(
  source: Source,
  each: ChangedCollection,
  { head, holds }: { readonly head: string; readonly holds: Holds },
): Promise<MergeableCollection | undefined> {
  const { name, past, theirs, base, former } = each
  if (holds.has(name)) return undefined
  const selection = source.selections.get(name)
  const reason = await holdReason(source, head, { name, past, theirs, base, former, selection })
  if (reason !== undefined) holds.set(name, reason)
  const isMergeable = reason === undefined && selection !== undefined && theirs !== undefined
  return isMergeable ? (each as MergeableCollection) : undefined
}

async function holdReason(
  source: Source,
  head: string,
  each: Omit<MergeableCollection, 'past' | 'point' | 'former'> & {
    readonly past: Past
    readonly former: string | undefined
    readonly selection: Selection | undefined
  },
): Promise<string | undefined> {
  const { name, past, theirs, base, former, selection } = each
  // gone here and there: nobody has to be told
  if (selection === undefined) return theirs === undefined ? undefined : absentReason(source, name)
  if (past.kind === 'unknown')
    return `${past.reason}; fetch it from where it was made (git pull, or git fetch --unshallow); if it is lost: tandem init`
  if (theirs === undefined)
    return `its exports are gone from HEAD; to retire it: tandem forget ${source.source}/${name}`
  const lost = former === undefined ? lostFile(base, theirs) : undefined
  if (lost !== undefined)
    return `${lost} is gone from HEAD, which deletes nothing; put it back: git checkout ${'base' in past ? past.base.slice(0, 7) : 'COMMIT'} -- ${lost}`
  if (driftOf(selection, { base, head: theirs }) !== 'held') return undefined
  return driftReason(selection, { base, head: theirs, migration: await migrationOf(source, head, theirs) })
}

/** Who brought the structure that HEAD has: the machine of the newest data commit that wrote it. */
async function migrationOf(source: Source, head: string, { folder }: CommittedCollection): Promise<string | undefined> {
  const place = `:(top,literal)${folder}/collection.json`
  const [commit] = await commitsOf(source.repository, ['--max-count=1', '--grep=^Tandem-Export: ', head, '--', place])
  return commit === undefined ? undefined : `${stampOf(commit).asset} has (commit ${commit.id.slice(0, 7)})`
}

/** A records file is never deleted by ordinary work: one that the sync point has and HEAD lacks was lost, and says nothing about its records. */
function lostFile(base: CommittedCollection | undefined, theirs: CommittedCollection): string | undefined {
  const bucket = [...(base?.buckets.keys() ?? [])].find((name) => !theirs.buckets.has(name))
  return bucket === undefined ? undefined : bucketPath(theirs.folder, bucket)
}
