/** Binding: a random id beside the sync point and in this clone's git config, so that no hook ever touches another database. Only `init` binds. */
import { randomUUID } from 'node:crypto'
import { setSetting } from '../../git/settings.ts'
import type { Source } from '../source.ts'
import { readSyncState } from '../sync-state.ts'
import type { Workspace } from '../workspace.ts'

/** `bound`: was bound to this clone already; `adopted`: another clone had bound it, its sync points count; `new`: never met, or recreated: it has to join. */
export type Binding = 'bound' | 'adopted' | 'new'

/** Which of these a database is, without changing anything. */
export async function bindingOf(workspace: Workspace, source: Source): Promise<Binding> {
  const { id } = readSyncState(await source.adapter.readState())
  if (id === undefined) return 'new'
  return id === workspace.settings.get(`source.${source.source}.id`) ? 'bound' : 'adopted'
}

/** Binds a database to this clone: an adopted one keeps its id. @throws UsageError with the statements an owner must run */
export async function bind(workspace: Workspace, source: Source): Promise<void> {
  const { id } = readSyncState(await source.adapter.readState())
  const bound = id ?? randomUUID()
  if (id === undefined) await source.adapter.writeState(new Map([['id', bound]]), new Map([['id', undefined]]))
  await setSetting(workspace.repository, `source.${source.source}.id`, bound)
}
