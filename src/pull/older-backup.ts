/** An old backup of a database brought back: its sync points are older than those this clone last saw there. It is merged forward like any database that is behind; this makes sure that nothing is lost by it, and says so. */
import { isAncestor } from '../git/history/commits.ts'
import { logLine } from '../io/log.ts'
import type { Selection } from '../model/collection.ts'
import { takeSafety } from '../safety/apply-safely.ts'
import { type Live, readLive } from '../source/live.ts'
import { rememberSeen, seen } from '../source/seen.ts'
import type { Source } from '../source/source.ts'
import { readSyncState } from '../source/sync-state.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** If the database is older than it was: a snapshot of all of it, and a line for people. */
export async function noticeOlderBackup(workspace: Workspace, source: Source): Promise<string[]> {
  const last = await seen(workspace, source.source).read()
  const state = await source.adapter.readState()
  const { id, points } = readSyncState(state)
  if (last === undefined || last.id !== id) return []
  for (const [name, point] of points) {
    const newer = last.points[name]
    if (newer === undefined || newer === point.commit || point.chain.includes(newer)) continue
    if (!(await isAncestor(source.repository, point.commit, newer))) continue
    return tellOfBackup(workspace, source, { now: point.commit, last: newer })
  }
  return []
}

async function tellOfBackup(
  workspace: Workspace,
  source: Source,
  at: { readonly now: string; readonly last: string },
): Promise<string[]> {
  const short = (commit: string): string => commit.slice(0, 7)
  const what = `${source.source}: ${source.description.database} is an older backup (in step with ${short(at.now)}; this clone last saw it at ${short(at.last)}): what came since is merged into it`
  if (workspace.invocation.dryRun) return [what]
  const live = await readLive(source, source.selections.keys())
  const name = await takeSafety(workspace, source, {
    kind: 'backup',
    state: live.state,
    endangered: wholeOf(source, live),
  })
  await rememberSeen(workspace, source)
  const line = `${what}; if the older state is what you want: tandem restore --at ${name}`
  await logLine(workspace.dataDir, workspace.invocation.nowMs(), line)
  return [line]
}

function wholeOf(source: Source, live: Live): Parameters<typeof takeSafety>[2]['endangered'] {
  return [...live.actual]
    .filter(([name]) => !live.unreadable.has(name))
    .map(([name, before]) => ({ selection: source.selections.get(name) as Selection, before, changes: [] }))
}
