/**
 * Commits made by revert, cherry-pick or am that change code and data in one: whoever takes a feature back seldom means the rows that happened to be in its commit.
 * Such a collection is held in the clone that made the commit, until `tandem apply` takes its data, or `tandem export --commit` keeps what the database has.
 */
import { isAncestor } from '../../git/history/commits.ts'
import { type PickedCommit, pickedCommits } from '../../git/history/picked.ts'
import type { Holds } from '../../source/holds.ts'
import type { Source } from '../../source/source.ts'
import { expectedEntries, pointEntry, readSyncState } from '../../source/sync-state.ts'
import type { MergeableCollection } from '../../sync-point/changed-collections.ts'

type WithPast = Pick<MergeableCollection, 'name' | 'past'>

const NAMES = { 'cherry-pick': 'cherry-pick', revert: 'revert', am: 'patch from a mail' } as const

/** Adds those of the moved collections that wait for a decision. */
export async function holdMixed(
  source: Source,
  moved: readonly WithPast[],
  at: { readonly head: string; readonly holds: Holds },
): Promise<void> {
  const known = new Map<string, Promise<PickedCommit[]>>()
  for (const { name, past } of moved) {
    if (past.kind === 'new' || at.holds.has(name)) continue
    const commits = known.get(past.base) ?? mixedCommits(source, { base: past.base, head: at.head })
    known.set(past.base, commits)
    const mixed = (await commits).find(({ paths }) => touches(source, paths, name))
    if (mixed !== undefined) at.holds.set(name, reasonOf(mixed))
  }
}

function reasonOf({ id, by }: PickedCommit): string {
  return `commit ${id.slice(0, 7)}, a ${NAMES[by]}, changes code and data in one; to take its data: tandem apply; to keep what the database has: tandem export --commit`
}

async function mixedCommits(
  source: Source,
  range: { readonly base: string; readonly head: string },
): Promise<PickedCommit[]> {
  const commits = await pickedCommits(source.repository, range)
  return commits.filter(({ paths }) => paths.some((file) => !file.startsWith(`${source.exportsFolder}/`)))
}

function touches(source: Source, paths: readonly string[], collection: string): boolean {
  return paths.some((file) => file.startsWith(`${source.folder(collection)}/`))
}

/** A commit that waits for a decision, and the collections that live keeps as they are. */
export interface KeptCommit {
  readonly id: string
  readonly parent: string
  readonly collections: readonly string[]
}

/** The mixed commits that HEAD has and live has not taken, oldest first. Only those made on top of what live agreed with: of another line it is not known what to keep. */
export async function mixedSince(source: Source, head: string): Promise<KeptCommit[]> {
  const { points } = readSyncState(await source.adapter.readState())
  const kept = new Map<string, KeptCommit>()
  for (const [name, { commit }] of points) {
    if (commit === head || !(await isAncestor(source.repository, commit, head))) continue
    for (const { id, parent, paths } of await mixedCommits(source, { base: commit, head }))
      if (touches(source, paths, name) && (await isAncestor(source.repository, commit, id)))
        kept.set(id, { id, parent, collections: [...(kept.get(id)?.collections ?? []), name] })
  }
  return [...kept.values()]
}

/** Says that live, as it is, comes after that commit: what the commit did to the data is undone by what live holds. */
export async function moveSyncPoint(
  source: Source,
  { id, collections }: Pick<KeptCommit, 'id' | 'collections'>,
): Promise<void> {
  const state = await source.adapter.readState()
  const { points } = readSyncState(state)
  const changes = new Map(collections.map((name) => pointEntry(name, points.get(name), id)))
  await source.adapter.writeState(changes, expectedEntries(state, collections))
}
