/** Merges collections that got another layout on one side. Git only compares files, and the same record is then in different files, so the whole collection is merged and written in the newer layout. */
import { rulesFor } from '../config/rules.ts'
import { type CommittedCollection, bucketPath, readCommitted } from '../exports/committed.ts'
import { collectionFileText, structureText } from '../format/collection-file.ts'
import { headerOf } from '../format/header.ts'
import { byBucket, layoutText } from '../format/layout.ts'
import { recordsFileText } from '../format/records-file.ts'
import { mergeCommits } from '../history/commit-merge.ts'
import type { Layout } from '../model/collection.ts'
import type { ExportsPlace } from '../source/source.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { plainRules } from './three-way.ts'

/** Two commits that git merges, and the commit where their lines of history parted. */
export interface CommitsToMerge {
  readonly fork: string
  readonly ours: string
  readonly theirs: string
}

/** A collection merged as a whole. */
export interface RelaidCollection {
  readonly folder: string
  /** Path → text of every file of the collection; undefined: it is removed. */
  readonly files: ReadonlyMap<string, string | undefined>
  /** The number of decisions of the merge. */
  readonly decisions: number
  /** The folder that has its records now, if it was renamed. */
  readonly into?: string
}

/**
 * Merges the collections of a source whose layouts differ between the two commits. Those whose structures differ too are left out.
 * @throws DamagedError when one of the commits has damaged exports
 */
export async function mergeRelaid(
  workspace: Workspace,
  source: string,
  commits: CommitsToMerge,
): Promise<RelaidCollection[]> {
  const place = { repository: workspace.repository, exportsFolder: workspace.config.exports, source }
  const fork = await readCommitted(place, commits.fork)
  const theirs = await readCommitted(place, commits.theirs)
  const merged: RelaidCollection[] = []
  for (const [name, mine] of await readCommitted(place, commits.ours)) {
    const other = theirs.get(name)
    if (other === undefined || layoutText(mine.layout) === layoutText(other.layout)) continue
    if (structureText(mine.schema) !== structureText(other.schema)) continue
    const newer = isOfFork(mine, fork.get(name)) ? other : mine
    merged.push(await mergeWhole(workspace, place, { commits, sides: [mine, other], layout: newer.layout }))
  }
  return merged
}

/** True when the side still has the fork's layout, so that the other side's is newer; also when the fork does not have the collection. */
function isOfFork(side: CommittedCollection, fork: CommittedCollection | undefined): boolean {
  return fork === undefined || layoutText(side.layout) === layoutText(fork.layout)
}

/** Merges one whole collection of two commits and writes it in the given layout. */
export async function mergeWhole(
  workspace: Workspace,
  place: ExportsPlace,
  at: {
    readonly commits: CommitsToMerge
    readonly sides: readonly [CommittedCollection, CommittedCollection]
    readonly layout: Layout
    /** What the collection is at the commit that has it under another name; `sides` are then the one that has it under its own. */
    readonly former?: CommittedCollection
  },
): Promise<RelaidCollection> {
  const [mine, other] = at.sides
  const former = at.former === undefined ? undefined : { collection: at.former.schema.name, folder: at.former.folder }
  const { schema, folder } = mine
  const config = workspace.config.sources.find(({ name }) => name === place.source)
  const rules = config === undefined ? plainRules({ ...schema, collection: schema.name }) : rulesFor(config, schema)
  const merge = await mergeCommits({ ...place, rules: () => rules, folder: () => folder }, schema.name, {
    ...at.commits,
    former,
  })
  const buckets = byBucket(merge.merged, at.layout, [...mine.buckets.keys(), ...other.buckets.keys()])
  const file = { source: place.source, schema, layout: at.layout }
  const files = new Map([[`${folder}/collection.json`, collectionFileText(file)]])
  for (const [bucket, records] of buckets)
    files.set(bucketPath(folder, bucket), recordsFileText(headerOf(file, bucket), records))
  return { folder, files, decisions: merge.decisions.length }
}
