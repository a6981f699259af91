/** The hold that `tandem undo` leaves on a source: the error about it, and the two ways to end it, redo and publish. */
import { countOf } from '../model/change.ts'
import { GuardError, LockedError } from '../model/errors.ts'
import { age } from '../report/age.ts'
import type { Source } from '../source/source.ts'
import { expectedEntries } from '../source/sync-state.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { applySafely } from './apply-safely.ts'
import { type Undone, expectedMarks, undoneEntry, undoneOf } from './marks.ts'
import { refusedWords } from './refused.ts'
import { type SafetySnapshot, safetySnapshots } from './snapshot.ts'
import { unwind } from './unwind.ts'

/** The error that an apply or export of a source held by an undo reports. */
export function heldByUndo(workspace: Workspace, source: string, undone: Undone): GuardError {
  const since = age(workspace.invocation.nowMs() - Date.parse(undone.since))
  return new GuardError(`${source} is held (${since}): tandem undo took back what had been applied`, {
    hint: 'to bring it in again: tandem apply; to make the former state a change for all: tandem undo --publish',
  })
}

/** @throws GuardError while an undo holds the source */
export async function refuseUndone(workspace: Workspace, source: Source): Promise<void> {
  const undone = undoneOf(await source.adapter.readState(), source.source)
  if (undone !== undefined) throw heldByUndo(workspace, source.source, undone)
}

/**
 * Applies again what undo took back, and ends the hold. Returns lines for people; none when nothing was held.
 * @throws GuardError when this clone lacks a snapshot that is needed, or the database refuses a record; LockedError when the database changed meanwhile
 */
export async function redo(workspace: Workspace, source: Source): Promise<string[]> {
  const state = await source.adapter.readState()
  const undone = undoneOf(state, source.source)
  if (undone === undefined) return []
  const snapshots = await snapshotsToRedo(source, undone)
  const { live, collections, kept } = await unwind(source, snapshots.toReversed())
  const count = countOf(collections.flatMap(({ changes }) => changes))
  const words = `${source.source} +${count.added} ~${count.changed} -${count.removed} brought in again, which undo had taken back`
  const lines = [words, ...keptLines(source.source, kept)]
  if (workspace.invocation.dryRun) return lines
  const names = collections.map(({ selection }) => selection.schema.name)
  const outcome = await applySafely(workspace, source, {
    kind: 'redo',
    plan: {
      collections,
      state: new Map([undoneEntry(source.source, undefined)]),
      expectedState: new Map([...expectedEntries(live.state, names), ...expectedMarks(state, source.source)]),
    },
    before: live.actual,
    state: live.state,
    unwound: { of: undone.snapshots },
  })
  if (outcome.status !== 'applied') throw refusedWords(source, outcome)
  return lines
}

async function snapshotsToRedo(source: Source, undone: Undone): Promise<SafetySnapshot[]> {
  const here = new Map((await safetySnapshots(source.repository, source.source)).map((each) => [each.name, each]))
  return undone.snapshots.map((name) => {
    const found = here.get(name)
    if (found !== undefined) return found
    throw new GuardError(`${source.source}: the snapshot ${name} that a redo needs is not in this clone`, {
      hint: `run tandem apply in the clone of ${undone.asset} that undid it; or tandem undo --publish, then tandem restore --at HEAD`,
    })
  })
}

/** Ends the hold and leaves live as it is, so that the next data commit exports the state after the undo. Returns false when nothing was held. @throws LockedError when another run changed the hold meanwhile */
export async function publish(workspace: Workspace, source: Source): Promise<boolean> {
  const state = await source.adapter.readState()
  if (undoneOf(state, source.source) === undefined) return false
  if (workspace.invocation.dryRun) return true
  const changes = new Map([undoneEntry(source.source, undefined)])
  if (await source.adapter.writeState(changes, expectedMarks(state, source.source))) return true
  throw new LockedError(`source ${source.source}: another run has changed it meanwhile`, { hint: 'Try again.' })
}

/** A line for each record (at most ten) that was written since the apply and is kept, so that a person knows that it did not return to its former value. */
export function keptLines(source: string, kept: readonly string[]): string[] {
  const shown = kept.slice(0, 10).map((record) => `${source}/${record} was changed here since: that stays`)
  return kept.length > shown.length ? [...shown, `and ${kept.length - shown.length} more records`] : shown
}
