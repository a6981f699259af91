/** The pending changes to the quarantine files, which the next data commit makes. They are stored in the database, in the same transaction that quarantines a record or puts it back. */
import stableStringify from 'fast-json-stable-stringify'
import { asciiJson } from '../model/canonical.ts'
import type { Quarantined } from '../model/quarantine.ts'

/** Records to add to the quarantine files, and to remove from them. */
export interface Pending {
  readonly add: readonly Quarantined[]
  readonly remove: readonly Quarantined[]
}

const ENTRY = 'quarantine'

const NONE: Pending = { add: [], remove: [] }

/** Reads the pending changes from the tool's state texts. */
export function readPending(state: ReadonlyMap<string, string>): Pending {
  const text = state.get(ENTRY)
  return text === undefined ? NONE : (JSON.parse(text) as Pending)
}

/** The state entry with more pending changes. For a record that was both added and removed, the later change counts. */
export function pendingEntry(
  state: ReadonlyMap<string, string>,
  more: Partial<Pending>,
): readonly [name: string, text: string | undefined] {
  const before = readPending(state)
  const [add, remove] = [more.add ?? [], more.remove ?? []]
  const after: Pending = {
    add: [...without(before.add, [...add, ...remove]), ...add],
    remove: [...without(before.remove, [...add, ...remove]), ...remove],
  }
  return entryOf(after)
}

/** The state entry without the pending changes that are done, given the records that are quarantined in the new commit. */
export function settledEntry(
  state: ReadonlyMap<string, string>,
  committed: readonly Quarantined[],
): readonly [name: string, text: string | undefined] {
  const { add, remove } = readPending(state)
  return entryOf({ add: without(add, committed), remove: remove.filter((each) => committed.some(sameAs(each))) })
}

function entryOf(pending: Pending): readonly [name: string, text: string | undefined] {
  return [ENTRY, pending.add.length + pending.remove.length === 0 ? undefined : asciiJson(stableStringify(pending))]
}

/** The committed quarantined records with the pending changes made. */
export function withPending(committed: readonly Quarantined[], { add, remove }: Pending): Quarantined[] {
  return [...without(committed, [...add, ...remove]), ...add]
}

function without(records: readonly Quarantined[], gone: readonly Quarantined[]): Quarantined[] {
  return records.filter((each) => !gone.some(sameAs(each)))
}

/** True for the same record under the same key. The reasons may differ. */
export function sameAs(a: Quarantined): (b: Quarantined) => boolean {
  return (b) => a.collection === b.collection && a.key === b.key && a.record === b.record
}

/** The entry that must be unchanged in the database when a new one is written. */
export function expectedPending(state: ReadonlyMap<string, string>): readonly [name: string, text: string | undefined] {
  return [ENTRY, state.get(ENTRY)]
}
