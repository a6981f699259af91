/** What the next data commit has to do to the quarantine files. It is remembered inside the database, in the transaction that sets a record aside or places it. */
import stableStringify from 'fast-json-stable-stringify'
import type { Quarantined } from '../../model/quarantine.ts'

export interface Pending {
  readonly add: readonly Quarantined[]
  readonly remove: readonly Quarantined[]
}

const ENTRY = 'quarantine'
const NONE: Pending = { add: [], remove: [] }

export function readPending(state: ReadonlyMap<string, string>): Pending {
  const text = state.get(ENTRY)
  return text === undefined ? NONE : (JSON.parse(text) as Pending)
}

/** The state entry with more to do; a record both added and taken out counts as what came last. */
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

/** The state entry when a commit holds these records. */
export function settledEntry(
  state: ReadonlyMap<string, string>,
  committed: readonly Quarantined[],
): readonly [name: string, text: string | undefined] {
  const { add, remove } = readPending(state)
  return entryOf({ add: without(add, committed), remove: remove.filter((each) => committed.some(sameAs(each))) })
}

function entryOf(pending: Pending): readonly [name: string, text: string | undefined] {
  return [ENTRY, pending.add.length + pending.remove.length === 0 ? undefined : stableStringify(pending)]
}

/** The committed records as they will be. */
export function withPending(committed: readonly Quarantined[], { add, remove }: Pending): Quarantined[] {
  return [...without(committed, [...add, ...remove]), ...add]
}

function without(records: readonly Quarantined[], gone: readonly Quarantined[]): Quarantined[] {
  return records.filter((each) => !gone.some(sameAs(each)))
}

/** The reason does not tell records apart. */
export function sameAs(a: Quarantined): (b: Quarantined) => boolean {
  return (b) => a.collection === b.collection && a.key === b.key && a.record === b.record
}

/** The entry as it must still stand when it is written anew. */
export function expectedPending(state: ReadonlyMap<string, string>): readonly [name: string, text: string | undefined] {
  return [ENTRY, state.get(ENTRY)]
}
