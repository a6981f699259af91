/** Before a source is worked on: it must be the database that this clone is bound to, and an export that was interrupted is brought to its end. */
import { commitsOf, isAncestor, type CommitFacts } from '../git/history.ts'
import { GuardError } from '../model/errors.ts'
import { filesDigest, readCommitted } from './committed.ts'
import type { Source } from './source.ts'
import {
  candidateEntry,
  expectedEntries,
  pointEntry,
  readSyncState,
  type Candidate,
  type SyncPoint,
} from './sync-state.ts'
import type { Workspace } from './workspace.ts'

/**
 * A random id stands in the database and in this clone's git config: an environment variable that points elsewhere for an afternoon must do no harm.
 * @throws GuardError when the database is not the one this clone is bound to
 */
export async function checkBinding(workspace: Workspace, source: Source): Promise<void> {
  const expected = workspace.settings.get(`source.${source.source}.id`)
  const { id } = readSyncState(await source.adapter.readState())
  if (expected !== undefined && id === expected) return
  const { database } = source.description
  if (expected === undefined)
    throw new GuardError(`source ${source.source} is not set up in this clone`, { hint: 'Run: tandem init' })
  throw new GuardError(
    id === undefined
      ? `${database} is not the database that source ${source.source} is bound to: it was never bound (a new or recreated one?)`
      : `${database} is another database than the one source ${source.source} is bound to`,
    { hint: 'Correct the URL; or, if this database is to take part from now on, join it: tandem init' },
  )
}

/**
 * A kill between commit and sync point: the commit with the candidate's tree is in HEAD's history, so it is the sync point. Exports that were staged and then committed
 * with code by the user (or by pre-commit) are told by the collection's files.
 */
export async function promoteCandidate(source: Source, head: string): Promise<void> {
  const state = await source.adapter.readState()
  const { candidate, points } = readSyncState(state)
  if (candidate === undefined) return
  const since = await commitsOf(source.repository, [head, '--not', candidate.head]).catch(() => [])
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

/** The sync point has moved past that commit already: it never moves back. */
async function isBehind(source: Source, commit: string, point: SyncPoint | undefined): Promise<boolean> {
  return point !== undefined && isAncestor(source.repository, commit, point.commit)
}

/** Which of these collections the commit holds as the candidate has them. */
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
