/** Before a source is worked on: it must be the database that this clone is bound to, and an export that was interrupted is brought to its end. */
import { commitsOf } from '../git/history.ts'
import { GuardError } from '../model/errors.ts'
import type { Source } from './source.ts'
import { candidateEntry, expectedEntries, pointEntry, readSyncState } from './sync-state.ts'
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

/** A kill between commit and sync point: the commit with the candidate's tree is in HEAD's history, so it is the sync point. */
export async function promoteCandidate(source: Source, head: string): Promise<void> {
  const state = await source.adapter.readState()
  const { candidate, points } = readSyncState(state)
  if (candidate === undefined) return
  const since = await commitsOf(source.repository, [head, '--not', candidate.head]).catch(() => [])
  const made = since.find((commit) => commit.tree === candidate.tree)
  if (made === undefined) return
  const changes = new Map<string, string | undefined>([candidateEntry(undefined)])
  for (const name of candidate.collections) changes.set(...pointEntry(name, points.get(name), made.id))
  await source.adapter.writeState(changes, expectedEntries(state, candidate.collections))
}
