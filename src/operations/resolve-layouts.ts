/** A collection that got another layout on one side while the other side changed records: git can only see files, so the whole collection is merged anew, into the newer layout. */
import { collectionFileText, structureText } from '../export/collection-file.ts'
import { headerOf } from '../export/header.ts'
import { bucketOf, layoutText } from '../export/layout.ts'
import { recordsFileText } from '../export/records-file.ts'
import { rulesFor } from '../config/rules.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Layout } from '../model/collection.ts'
import { bucketPath, readCommitted, type CommittedCollection, type ExportsPlace } from './committed.ts'
import { mergeCommits } from './convergence/commit-merge.ts'
import { plainRules } from './merge-files.ts'
import type { Workspace } from './workspace.ts'

/** The commits that meet, and their fork. */
export interface Meeting {
  readonly fork: string
  readonly ours: string
  readonly theirs: string
}

export interface RelaidCollection {
  readonly folder: string
  /** Path → text of every file of the collection. */
  readonly files: ReadonlyMap<string, string>
  /** Values that lost by a rule. */
  readonly decisions: number
}

/**
 * The collections of a source whose layouts differ between the two commits, merged; those of different structure are left out.
 * @throws DamagedError
 */
export async function mergeRelaid(workspace: Workspace, source: string, meeting: Meeting): Promise<RelaidCollection[]> {
  const place = { repository: workspace.repository, exportsFolder: workspace.config.exports, source }
  const fork = await readCommitted(place, meeting.fork)
  const theirs = await readCommitted(place, meeting.theirs)
  const merged: RelaidCollection[] = []
  for (const [name, mine] of await readCommitted(place, meeting.ours)) {
    const other = theirs.get(name)
    if (other === undefined || layoutText(mine.layout) === layoutText(other.layout)) continue
    if (structureText(mine.schema) !== structureText(other.schema)) continue
    const newer = isOfFork(mine, fork.get(name)) ? other : mine
    merged.push(await mergeWhole(workspace, place, { meeting, sides: [mine, other], layout: newer.layout }))
  }
  return merged
}

/** The side that still has the fork's layout is the older one. */
function isOfFork(side: CommittedCollection, fork: CommittedCollection | undefined): boolean {
  return fork === undefined || layoutText(side.layout) === layoutText(fork.layout)
}

/** One collection of two commits, merged whole and written in one layout. */
export async function mergeWhole(
  workspace: Workspace,
  place: ExportsPlace,
  at: {
    readonly meeting: Meeting
    readonly sides: readonly [CommittedCollection, CommittedCollection]
    readonly layout: Layout
  },
): Promise<RelaidCollection> {
  const [mine, other] = at.sides
  const { schema, folder } = mine
  const config = workspace.config.sources.find(({ name }) => name === place.source)
  const rules = config === undefined ? plainRules({ ...schema, collection: schema.name }) : rulesFor(config, schema)
  const merge = await mergeCommits({ ...place, rules: () => rules, folder: () => folder }, schema.name, at.meeting)
  const buckets = new Map<string, Map<KeyText, RecordText>>()
  for (const bucket of [...mine.buckets.keys(), ...other.buckets.keys()]) buckets.set(bucket, new Map())
  for (const [key, text] of merge.merged) {
    const bucket = bucketOf(key, at.layout)
    const records = buckets.get(bucket) ?? new Map<KeyText, RecordText>()
    buckets.set(bucket, records.set(key, text))
  }
  const file = { source: place.source, schema, layout: at.layout }
  const files = new Map([[`${folder}/collection.json`, collectionFileText(file)]])
  for (const [bucket, records] of buckets)
    files.set(bucketPath(folder, bucket), recordsFileText(headerOf(file, bucket), records))
  return { folder, files, decisions: merge.decisions.length }
}
