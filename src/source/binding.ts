/** Binding: `init` stores the same random id in the database and in this clone's git config, so that no hook ever touches another database, for example when an environment variable points elsewhere for an afternoon. */
import { randomUUID } from 'node:crypto'
import { setSetting } from '../git/settings.ts'
import { GuardError } from '../model/errors.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Source } from './source.ts'
import { readSyncState } from './sync-state.ts'

/**
 * Checks that the database is the one this clone is bound to.
 * @throws GuardError when it is not, or the source was never bound here
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

/** `bound`: this clone is bound to the database. `adopted`: another clone bound it, and its sync points count here too. `new`: it was never bound, or was recreated, and has to join. */
export type Binding = 'bound' | 'adopted' | 'new'

/** The binding between this clone and the database. Changes nothing. */
export async function bindingOf(workspace: Workspace, source: Source): Promise<Binding> {
  const { id } = readSyncState(await source.adapter.readState())
  if (id === undefined) return 'new'
  return id === workspace.settings.get(`source.${source.source}.id`) ? 'bound' : 'adopted'
}

/** Binds the database to this clone; one that another clone bound keeps its id. @throws UsageError with the statements that the database's owner must run */
export async function bind(workspace: Workspace, source: Source): Promise<void> {
  const { id } = readSyncState(await source.adapter.readState())
  const bound = id ?? randomUUID()
  if (id === undefined) await source.adapter.writeState(new Map([['id', bound]]), new Map([['id', undefined]]))
  await setSetting(workspace.repository, `source.${source.source}.id`, bound)
}
