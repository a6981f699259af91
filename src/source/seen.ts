/** Remembers which database and which sync points this clone saw last. If the database later shows older ones, it was restored from a backup. */
import { type Memory, memory } from '../workspace/memory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Source } from './source.ts'
import { readSyncState } from './sync-state.ts'

/** The database's id, and the commit of each collection's sync point. */
interface Seen {
  readonly id: string | undefined
  readonly points: Readonly<Record<string, string>>
}

/** What this clone saw last of a source; undefined when it never saw it. */
export function seen(workspace: Workspace, source: string): Memory<Seen | undefined> {
  return memory<Seen | undefined>(workspace, `seen/${source}.json`, undefined)
}

/** Remembers the sync points; called at the end of a run. */
export async function rememberSeen(workspace: Workspace, source: Source): Promise<void> {
  const { id, points } = readSyncState(await source.adapter.readState())
  const now = { id, points: Object.fromEntries([...points].map(([name, { commit }]) => [name, commit])) }
  await seen(workspace, source.source).write(now)
}
