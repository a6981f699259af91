/** `tandem undo`: returns live to a safety snapshot, keeps what was written since, and holds the source until a person decides how to go on (undone.ts). */
import { clearReconciled } from '../git/install/stub-state.ts'
import { logLine } from '../io/log.ts'
import { type ChangeCount, countOf } from '../model/change.ts'
import { UsageError } from '../model/errors.ts'
import type { Source } from '../source/source.ts'
import { expectedEntries } from '../source/sync-state.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { applySafely } from './apply-safely.ts'
import { type Undone, takenHere, undoneEntry, undoneOf } from './marks.ts'
import { refusedWords } from './refused.ts'
import { type SafetySnapshot, safetySnapshots } from './snapshot.ts'
import { unwind } from './unwind.ts'

/** A snapshot as `tandem undo --list` shows it. `undoable`: its apply was made in this database and was not taken back yet. */
export interface ListedSafety extends SafetySnapshot {
  readonly undoable: boolean
}

export interface UndoResult {
  readonly source: string
  /** The snapshot to which live returns; undefined when none can be undone. */
  readonly snapshot: SafetySnapshot | undefined
  readonly count: ChangeCount
  /** `collection key` of each record that was written since the apply and is kept. */
  readonly kept: readonly string[]
}

/** All snapshots of a source, newest first. */
export async function listSafety(source: Source): Promise<ListedSafety[]> {
  const state = await source.adapter.readState()
  const snapshots = await safetySnapshots(source.repository, source.source)
  const taken = new Set(takenHere(state, source.source))
  const undone = undoneOf(state, source.source)
  const past = new Set([...(undone?.snapshots ?? []), ...(undone?.of ?? [])])
  for (const { name, info } of snapshots)
    if (info.kind === 'redo') for (const each of [name, ...info.of]) past.add(each)
  return snapshots
    .map((each) => ({ ...each, undoable: taken.has(each.name) && !past.has(each.name) && each.info.kind !== 'backup' }))
    .toReversed()
}

/**
 * Takes back the apply of a snapshot and every apply after it. A dry run only says what would change.
 * @param wanted the snapshot's name, its beginning, or the part after the dash; undefined: the newest that can be undone
 * @throws UsageError when that snapshot cannot be undone; GuardError, LockedError when the database refuses the change, and nothing was changed then
 */
export async function undo(workspace: Workspace, source: Source, wanted: string | undefined): Promise<UndoResult> {
  const listed = await listSafety(source)
  const chosen = choose(source.source, listed, wanted)
  if (chosen === undefined) return { source: source.source, snapshot: undefined, count: countOf([]), kept: [] }
  const back = listed.slice(0, listed.indexOf(chosen) + 1).filter(({ undoable }) => undoable)
  const { live, collections, kept } = await unwind(source, back)
  const count = countOf(collections.flatMap(({ changes }) => changes))
  const result = { source: source.source, snapshot: chosen, count, kept }
  if (workspace.invocation.dryRun || collections.length === 0) return result
  const of = back.map(({ name }) => name).toReversed()
  const names = collections.map(({ selection }) => selection.schema.name)
  const outcome = await applySafely(workspace, source, {
    kind: 'undo',
    plan: { collections, state: new Map(), expectedState: expectedEntries(live.state, names) },
    before: live.actual,
    state: live.state,
    unwound: {
      of,
      more: (name) =>
        new Map([undoneEntry(source.source, held(workspace, undoneOf(live.state, source.source), { name, of }))]),
    },
  })
  if (outcome.status !== 'applied') throw refusedWords(source, outcome)
  await clearReconciled(workspace.repository.commonDir)
  await logLine(workspace.dataDir, workspace.invocation.nowMs(), `undid ${source.source} to ${chosen.name}`)
  return result
}

/** The hold of this undo, added to that of undos before it. */
function held(
  workspace: Workspace,
  before: Undone | undefined,
  now: { readonly name: string; readonly of: readonly string[] },
): Undone {
  return {
    since: before?.since ?? new Date(workspace.invocation.nowMs()).toISOString(),
    asset: before?.asset ?? workspace.asset,
    snapshots: [...(before?.snapshots ?? []), now.name],
    of: [...(before?.of ?? []), ...now.of],
  }
}

function choose(source: string, listed: readonly ListedSafety[], wanted: string | undefined): ListedSafety | undefined {
  if (wanted === undefined) return listed.find(({ undoable }) => undoable)
  const fitting = listed.filter(({ name }) => name.startsWith(wanted) || name.endsWith(`-${wanted}`))
  const [found, another] = fitting
  const hint = { hint: 'tandem undo --list names them all.' }
  if (found === undefined) throw new UsageError(`${source} has no safety snapshot ${wanted}`, hint)
  if (another !== undefined) throw new UsageError(`several snapshots of ${source} begin with ${wanted}`, hint)
  if (found.undoable) return found
  throw new UsageError(`${found.name}: what it was taken for is not in the database, or is taken back already`, hint)
}
