/** An old backup of a database brought back: its sync points are older than those this clone last saw there. It is merged forward like any database that is behind; this makes sure that nothing is lost by it, and says so. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isAncestor } from '../git/history.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { logLine } from '../io/log.ts'
import type { Selection } from '../model/collection.ts'
import { readLive, type Live } from './live.ts'
import { takeSafety } from './safety/apply-safely.ts'
import type { Source } from './source.ts'
import { readSyncState } from './sync-state.ts'
import type { Workspace } from './workspace.ts'

/** What this clone saw last of a source: which database, and the sync point of each collection. */
interface Seen {
  readonly id: string | undefined
  readonly points: Readonly<Record<string, string>>
}

function seenFile({ dataDir }: Workspace, source: string): string {
  return path.join(dataDir, 'seen', `${source}.json`)
}

async function readSeen(workspace: Workspace, source: string): Promise<Seen | undefined> {
  const text = await readFile(seenFile(workspace, source), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Seen)
}

/** Remembers the sync points as they are at the end of a run. */
export async function rememberSeen(workspace: Workspace, source: Source): Promise<void> {
  const { id, points } = readSyncState(await source.adapter.readState())
  const seen: Seen = { id, points: Object.fromEntries([...points].map(([name, { commit }]) => [name, commit])) }
  const file = seenFile(workspace, source.source)
  const text = JSON.stringify(seen)
  if (text !== (await readFile(file, 'utf8').catch(() => ''))) await writeAtomically(file, text)
}

/** If the database is older than it was: a snapshot of all of it, and a line for people. */
export async function noticeRestored(workspace: Workspace, source: Source): Promise<string[]> {
  const seen = await readSeen(workspace, source.source)
  const state = await source.adapter.readState()
  const { id, points } = readSyncState(state)
  if (seen === undefined || seen.id !== id) return []
  for (const [name, point] of points) {
    const last = seen.points[name]
    if (last === undefined || last === point.commit || point.chain.includes(last)) continue
    if (!(await isAncestor(source.repository, point.commit, last))) continue
    return tellOfBackup(workspace, source, { now: point.commit, last })
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
  const keyed = [...source.selections].filter(([, { schema }]) => schema.key.length > 0).map(([name]) => name)
  const live = await readLive(source, keyed)
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
