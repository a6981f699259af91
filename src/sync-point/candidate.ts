/** The candidate: the export that is about to be committed. It is stored in the database before the commit is made, and becomes the sync point once the commit is found. */
import { filesDigest, readCommitted } from '../exports/committed.ts'
import { type IndexedKeys, writeKeyIndex } from '../exports/key-index.ts'
import { type CommitFacts, commitsSince, isAncestor } from '../git/history/commits.ts'
import { type MarkedCommit, markEntries } from '../source/marks.ts'
import type { Source } from '../source/source.ts'
import {
  type Candidate,
  type SyncPoint,
  candidateEntry,
  expectedEntries,
  pointEntry,
  readSyncState,
} from '../source/sync-state.ts'

/**
 * Makes the candidate the sync point of each of its collections for which `head`'s history has a commit with the exported files. This mends a run that was killed between the
 * commit and storing the sync point. Exports that were staged and then committed together with code, by the user or by pre-commit, are recognised by the collection's files.
 */
export async function promoteCandidate(source: Source, head: string): Promise<void> {
  const state = await source.adapter.readState()
  const { candidate, points } = readSyncState(state)
  if (candidate === undefined) return
  const since = await commitsSince(source.repository, { base: candidate.head, head }).catch(() => [])
  const made = new Map<string, string>()
  for (const commit of since) {
    const names = candidate.collections.filter((name) => !made.has(name))
    for (const name of await committedHere(source, commit, { candidate, names }))
      if (!(await isBehind(source, commit.id, points.get(name)))) made.set(name, commit.id)
  }
  if (made.size === 0) return
  const left = candidate.collections.filter((name) => !made.has(name))
  const rest = left.length === 0 ? undefined : { ...candidate, collections: left }
  const changes = new Map<string, string | undefined>([candidateEntry(rest)])
  for (const [name, id] of made) changes.set(...pointEntry(name, points.get(name), id))
  await source.adapter.writeState(changes, expectedEntries(state, made.keys()))
}

/** True when the sync point is already at that commit or after it: a sync point never moves back. */
async function isBehind(source: Source, commit: string, point: SyncPoint | undefined): Promise<boolean> {
  return point !== undefined && isAncestor(source.repository, commit, point.commit)
}

/** The names among these of the collections whose files in the commit are the candidate's. */
async function committedHere(
  source: Source,
  commit: CommitFacts,
  at: { readonly candidate: Candidate; readonly names: readonly string[] },
): Promise<readonly string[]> {
  const { candidate, names } = at
  if (names.length === 0 || commit.tree === candidate.tree) return names
  const committed = await readCommitted(source, commit.id)
  return names.filter((name) => {
    const collection = committed.get(name)
    return collection !== undefined && filesDigest(collection) === candidate.files[name]
  })
}

export interface StoredExport extends Pick<MarkedCommit, 'marks'> {
  readonly collections: readonly { readonly name: string; readonly indexed: () => Promise<IndexedKeys | undefined> }[]
}

/** Stores in the database what is about to be committed. @param at `tree`: the tree of the commit to be made; `head`: the commit that is HEAD now */
export async function storeCandidate(
  source: Source,
  { collections, marks }: StoredExport,
  at: { readonly tree: string; readonly head: string },
): Promise<void> {
  const names = collections.map(({ name }) => name)
  const state = await source.adapter.readState()
  const committed = await readCommitted(source, at.tree)
  const files = names.flatMap((name) => {
    const collection = committed.get(name)
    return collection === undefined ? [] : [[name, filesDigest(collection)] as const]
  })
  const candidate = { ...at, collections: names, files: Object.fromEntries(files) }
  for (const { name, indexed } of collections) {
    const [collection, keys] = [committed.get(name), marks.has(name) ? await indexed() : undefined]
    if (collection !== undefined && keys !== undefined) await writeKeyIndex(source, collection, keys)
  }
  const marked = markEntries(state, { commit: at.tree, collections: names, marks })
  await source.adapter.writeState(new Map([candidateEntry(candidate), ...marked]), expectedEntries(state, []))
}
