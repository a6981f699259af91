/** The state about safety in the database: for which snapshots the applies were made here, and whether `tandem undo` holds the source. It is in the database so that every clone that uses it knows, and a restored backup has the state that fits it. */
import stableStringify from 'fast-json-stable-stringify'
import type { StateChanges } from '../model/change.ts'

/** The hold that an undo leaves, until `tandem apply` or `tandem undo --publish` ends it. */
export interface Undone {
  /** ISO time of the first undo. */
  readonly since: string
  /** The asset that made the first undo. */
  readonly asset: string
  /** Names of the snapshots that the undos took, oldest first. A redo returns to them. */
  readonly snapshots: readonly string[]
  /** Names of the snapshots whose applies were taken back. */
  readonly of: readonly string[]
}

/** The number of names remembered. It is more than the snapshots that one clone keeps, because several clones may share the database. */
const TAKEN_LIMIT = 60

/** Names of the snapshots whose applies were made in this database, newest first. */
export function takenHere(state: ReadonlyMap<string, string>, source: string): readonly string[] {
  return JSON.parse(state.get(takenName(source)) ?? '[]') as string[]
}

/** The hold that an undo left on the source; undefined when there is none. */
export function undoneOf(state: ReadonlyMap<string, string>, source: string): Undone | undefined {
  const text = state.get(undoneName(source))
  return text === undefined ? undefined : (JSON.parse(text) as Undone)
}

/** The state entry with the snapshot `name` added to those whose applies were made. */
export function takenEntry(
  state: ReadonlyMap<string, string>,
  source: string,
  name: string,
): readonly [name: string, text: string] {
  return [takenName(source), JSON.stringify([name, ...takenHere(state, source)].slice(0, TAKEN_LIMIT))]
}

/** The state entry that holds a source; with undefined, the one that ends the hold. */
export function undoneEntry(
  source: string,
  undone: Undone | undefined,
): readonly [name: string, text: string | undefined] {
  return [undoneName(source), undone === undefined ? undefined : stableStringify(undone)]
}

/** The entries of this file that must be unchanged in the database when a plan made from this state is applied. */
export function expectedMarks(state: ReadonlyMap<string, string>, source: string): StateChanges {
  return new Map([takenName(source), undoneName(source)].map((name) => [name, state.get(name)]))
}

function takenName(source: string): string {
  return `taken/${source}`
}

function undoneName(source: string): string {
  return `undone/${source}`
}
